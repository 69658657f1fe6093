// SPDX-License-Identifier: MIT
/*
 * What rheaper-load knows of addresses of a file: reads them from standard input, one a
 * line in hexadecimal; prints what addr2line -a -f -i prints, and on standard error the
 * seconds of CPU time that it took to open the file and to find all of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/array.h"
#include "common/cli.h"
#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void print(struct symbols *symbols, uint64_t address)
{
	const struct symbol *found;
	size_t n = symbols_find(symbols, address, &found);

	printf("0x%" PRIx64 "\n", address);
	for (size_t i = 0; i < n; i++)
		printf("%s\n%s:%d\n", found[i].name ? found[i].name : "??",
		       found[i].file ? found[i].file : "??", found[i].line);
}

int main(int argc, char **argv)
{
	struct symbol_settings settings = {0};
	uint64_t *addresses = NULL;
	size_t n = 0, n_max = 0;
	struct symbols *symbols;
	const struct symbol *found;
	double begun, opened, ended;

	if (argc != 2)
		die("expected the name of a program");
	symbol_settings_check(&settings);
	for (uint64_t address; scanf("%" SCNx64, &address) == 1;
	     addresses[n++] = address) {
		if (array_grow((void **)&addresses, &n_max, n + 1, sizeof(*addresses)))
			die("read addresses: out of memory");
	}
	begun = now();
	if (symbols_open(&symbols, &settings, argv[1], NULL, 0))
		die("read symbols of %s: no", argv[1]);
	opened = now();
	for (size_t i = 0; i < n; i++)
		symbols_find(symbols, addresses[i], &found);
	ended = now();
	/* Once more, for writing takes as long */
	for (size_t i = 0; i < n; i++)
		print(symbols, addresses[i]);
	fprintf(stderr, "%.3f %.3f\n", opened - begun, ended - opened);
	symbols_close(symbols);
	free(addresses);
	finish_output();
	return EXIT_FINE;
}
