/* SPDX-License-Identifier: MIT */
/*
 * A compiler that links by itself may refuse words for its linker that it does not know:
 * zig refuses --wrap, which its linker, lld, takes. lld reads words from a file wherever
 * a word begins with @, also where that is the name of a symbol, which zig passes on as
 * it is.
 */
#pragma once

#include "rheaper-cc/words.h"

/*
 * Moves what such a compiler would refuse from `before` and `after`, which are words of
 * cmdline_inject() for a link, into an anonymous file that the linker reads, and adds the
 * word for it to `before`. Does nothing if there is nothing to move.
 */
void linker_file_move(struct words *before, struct words *after);
