# SPDX-License-Identifier: MIT
from libc.stdlib cimport free, malloc

cdef void *blocks[20]

cdef void work(size_t size):
    for i in range(20):
        blocks[i] = malloc(size)
    for i in range(3, 20):
        free(blocks[i])

work(7008)
print("ledger: 7008 20", 3 if blocks[2] != NULL else 0)
