/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The nearest integer; of a number without one, the nearest that there is, 0 of NaN. */
int64_t number_round(double value);

struct number_text {
	char text[32];
};

/* Write bytes in powers of 1024 (KiB, MiB) from now on, not of 1000 (kB, MB). Call it
 * before any thread may ask for a number. */
void numbers_use_iec(bool iec);

/* Bytes with three significant digits: "41.2 MB". */
struct number_text bytes_text(double bytes);

/* The same with a sign, "+" included. */
struct number_text signed_bytes_text(double bytes);

/* A count with its digits in groups: "11,594,191". */
struct number_text count_text(double count);
struct number_text signed_count_text(double count);

/* The same with the word for it: "1 block", "2 blocks". */
struct number_text blocks_text(double blocks);

/* A time or a duration: "8.71 s", "412 us". */
struct number_text time_text(int64_t ns);

/* The share of a whole in percent: "40.8 %". */
struct number_text percent_text(double part, double whole);
