/* SPDX-License-Identifier: MIT */
/* The file that is made is anonymous, and inherited by the compiler and its linker. The
 * archive is as ar(5) says, of the GNU kind. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rheaper-cc/template.h"
#include "rheaper-cc/words.h"

#define AR_MAGIC "!<arch>\n"
#define AR_HEADER 60

_Noreturn void template_die(const char *path)
{
	exit_with(2, "%s is not the archive of this rheaper-cc", path);
}

char *template_path(const char *archive_dir, const char *name, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/librheaper-%s%s.a", archive_dir, name, suffix) < 0)
		exit_with(2, "out of memory");
	return path;
}

static struct bytes read_whole(const char *path)
{
	struct stat status;
	struct bytes b;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) != 0)
		exit_with(2, "open %s:", path);
	b = (struct bytes){malloc((size_t)status.st_size + 1), (size_t)status.st_size};
	if (!b.at)
		exit_with(2, "out of memory");
	n = read(fd, b.at, b.size);
	if (n != (ssize_t)b.size)
		exit_with(2, "read %s:", path);
	close(fd);
	return b;
}

struct bytes template_read(const char *path)
{
	struct bytes archive = read_whole(path);
	size_t at = strlen(AR_MAGIC);

	if (archive.size < at || memcmp(archive.at, AR_MAGIC, at) != 0)
		template_die(path);
	while (archive.size - at > AR_HEADER) {
		const char *head = archive.at + at;
		size_t size = strtoull(head + 48, NULL, 10);

		at += AR_HEADER;
		if (size > archive.size - at)
			break;
		/* Not its index, nor its table of names */
		if (head[0] != '/' || (head[1] != ' ' && head[1] != '/')) {
			memmove(archive.at, archive.at + at, size);
			return (struct bytes){archive.at, size};
		}
		at += size + (size & 1);
	}
	template_die(path);
}

FILE *template_open(const char *what, char **path)
{
	int fd = memfd_create("rheaper", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!out)
		exit_with(2, "create %s:", what);
	if (asprintf(path, "/proc/self/fd/%d", fd) < 0)
		exit_with(2, "out of memory");
	return out;
}

void template_close(FILE *file, const char *what)
{
	if (fclose(file) != 0)
		exit_with(2, "create %s:", what);
}
