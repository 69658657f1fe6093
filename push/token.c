// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cli.h"

#include "push/token.h"

char *token_read(const char *path, const char *prefix)
{
	FILE *in = fopen(path, "re");
	struct stat status;
	char token[8192], *header;
	size_t n;

	if (!in || fstat(fileno(in), &status) != 0)
		die("open %s:", path);
	if (S_ISREG(status.st_mode) && status.st_mode & (S_IRGRP | S_IROTH))
		die("read %s: others can read the token; chmod 600 helps", path);
	n = fread(token, 1, sizeof(token) - 1, in);
	if (ferror(in))
		die("read %s:", path);
	fclose(in);
	while (n > 0 && strchr(" \t\r\n", token[n - 1]))
		n--;
	token[n] = 0;
	if (n == 0 || n == sizeof(token) - 1 || strlen(token) != n)
		die("read %s: not a token", path);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)token[i] <= ' ' || (unsigned char)token[i] >= 0x7f)
			die("read %s: a token has no blanks and no control characters",
			    path);
	if (asprintf(&header, "%s%s", prefix, token) < 0)
		die("read %s: out of memory", path);
	explicit_bzero(token, sizeof(token));
	return header;
}
