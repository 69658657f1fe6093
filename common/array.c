// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

int array_reserve(void **array, size_t *n_max, size_t n_needed, size_t element_size)
{
	size_t n = *n_max ? *n_max : 16;
	char *grown;

	if (n_needed <= *n_max)
		return 0;
	while (n < n_needed) {
		if (n > SIZE_MAX / 2)
			return -ENOMEM;
		n *= 2;
	}
	grown = reallocarray(*array, n, element_size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*n_max = n;
	return 0;
}

int array_grow(void **array, size_t *n_max, size_t n_needed, size_t element_size)
{
	size_t n = *n_max;
	int error = array_reserve(array, n_max, n_needed, element_size);

	if (!error && *n_max > n)
		memset((char *)*array + n * element_size, 0, (*n_max - n) * element_size);
	return error;
}

size_t array_lower_bound(const void *array, size_t n, size_t element_size,
			 const void *key,
			 bool (*is_before)(const void *element, const void *key))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_before((const char *)array + middle * element_size, key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
