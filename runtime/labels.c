/* SPDX-License-Identifier: MIT */
/* The labels of a program that was linked without any: the object that the driver makes
 * of labels-template.c stands before the archive, and this one is not taken then. A weak
 * reference would do for executables; in a shared library, where it is hidden, linkers
 * make the address of the library of it. */
#include "runtime/process.h"

const char rhp_labels[RHP_LABELS_SIZE] = "";
