/* SPDX-License-Identifier: MIT */
/*
 * The cache of symbols: a directory with copies of programs and shared libraries, which
 * outlive a rebuild. Programs that run with RHEAPER_SYMBOLS=keep and tools fill it, and
 * whoever loads traces looks there.
 *
 * The directory is $RHEAPER_SYMBOLS_DIR, else $XDG_CACHE_HOME/rheaper/symbols, else
 * $HOME/.cache/rheaper/symbols; the last two only if they are absolute. It belongs to its
 * user, and no other one can write to it. Each file is named by the build id of what it
 * is a copy of: lower-case hexadecimal, then RHP_SYMBOLS_SUFFIX. Its time of modification
 * is that of its last use. It is written under a name that begins with
 * RHP_SYMBOLS_UNFINISHED, and then renamed.
 *
 * Whoever adds a file removes first those whose last use is longest ago, until the new
 * one fits into the limit; and unfinished ones that are older than a day. Names of
 * another form are left alone.
 */
#pragma once

#define RHP_SYMBOLS_DIRECTORY "/rheaper/symbols" /* below the cache of the user */
#define RHP_SYMBOLS_SUFFIX ".symbols"
#define RHP_SYMBOLS_UNFINISHED ".unfinished-"
#define RHP_SYMBOLS_PATIENCE_S 86400

#define RHP_SYMBOLS_DIR "RHEAPER_SYMBOLS_DIR"
#define RHP_SYMBOLS_BYTES "RHEAPER_SYMBOLS_BYTES" /* the limit */
#define RHP_SYMBOLS_BYTES_DEFAULT 1073741824

#define RHP_BUILD_ID_MOST 64
#define RHP_SYMBOLS_NAME_SIZE (2 * RHP_BUILD_ID_MOST + sizeof(RHP_SYMBOLS_SUFFIX))
