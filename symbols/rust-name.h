/* SPDX-License-Identifier: MIT */
/*
 * Completes Rust's legacy linkage names, which have a hash in place of the types of a
 * generic function and of the number of a closure. Debug information has both.
 */
#pragma once

/*
 * Return what a linkage name, which became `demangled`, and the function's own name in
 * debug information (DW_AT_name) say together, as names of version v0 have it:
 * "app::grow" and "grow<u8>" are "app::grow::<u8>", and "app::main::{{closure}}" and
 * "{closure#1}" are "app::main::{closure#1}", as the first asynchronous function or block
 * in it, "{async_fn#0}", is "{closure#0}". Where that has no name (""), as with lines
 * only, the hash stays, "app::grow::h0123456789abcdef": it tells instances apart, and
 * that there are no types. The caller frees it. NULL: the linkage name is no legacy one
 * or says all, or memory ran out.
 */
char *rust_name_join(const char *linkage_name, const char *demangled, const char *given);
