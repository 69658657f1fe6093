/* SPDX-License-Identifier: MIT */
/*
 * Each fuzz-NAME.c has one target, in libFuzzer's terms: linked with libFuzzer it is a
 * fuzzer, with replay.c a test that takes the inputs of corpus-NAME once more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Where the parts of an input are read as files: while they are set, a file that is
 * opened for reading is the part whose number (one digit, from 0) is its name, and no
 * other is there. Linked with --wrap=fopen, getline, __getdelim, fclose and die.
 */
#define FUZZ_MAX_FILES 10

struct fuzz_files {
	const uint8_t *bytes[FUZZ_MAX_FILES];
	size_t sizes[FUZZ_MAX_FILES];
	size_t n;
};

/* Call `read` with the files there; 1 if it died of them, as programs do of a file that
 * they do not understand. What it had open is closed. */
int fuzz_with_files(const struct fuzz_files *files, void (*read)(void *context),
		    void *context);
