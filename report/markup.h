/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

/* Write any text as text of an HTML or SVG document, or of an attribute in quotes. */
void markup_write(FILE *out, const char *text);
