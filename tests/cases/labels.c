/* SPDX-License-Identifier: MIT */
/* What the build says of itself goes into the program, its traces and the database. */
#include <stdlib.h>

int main(void)
{
	free(malloc(5150));
	return 0;
}
