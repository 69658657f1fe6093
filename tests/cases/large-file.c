/* SPDX-License-Identifier: MIT */
/* A trace may be larger than an off_t of 32 bits can say: its descriptor allows it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_trace(int fd)
{
	char name[64], path[4096];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	return strcmp(path, getenv("RHEAPER_TRACE")) == 0;
}

int main(void)
{
	void *volatile p = malloc(901);
	int fd = 3;
	off64_t end;

	free(p);
	while (!is_trace(fd))
		if (++fd == 65536)
			return 2;
	end = lseek64(fd, 0, SEEK_END);
	if (pwrite64(fd, "", 1, (off64_t)3 << 30) != 1)
		return 1;
	return ftruncate64(fd, end) != 0;
}
