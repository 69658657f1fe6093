/* SPDX-License-Identifier: MIT */
/* Arrays that grow, and that are sorted. Nothing here prints or exits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Grow *array, of *n_max elements of element_size, so that it holds n_needed.
 * New elements are zero. 0, or -ENOMEM with the array as it was.
 */
int array_grow(void **array, size_t *n_max, size_t n_needed, size_t element_size);

/* The same, but what is new is left as it is: where much is filled at once. */
int array_reserve(void **array, size_t *n_max, size_t n_needed, size_t element_size);

/*
 * Count the elements that come before `key` in a sorted array: is_before must be true of
 * the first ones and false of all others. That is the index at which key belongs.
 */
size_t array_lower_bound(const void *array, size_t n, size_t element_size,
			 const void *key,
			 bool (*is_before)(const void *element, const void *key));
