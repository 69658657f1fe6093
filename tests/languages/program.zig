// SPDX-License-Identifier: MIT
const std = @import("std");

extern fn printf(format: [*:0]const u8, ...) c_int;

var kept: [3][]u8 = undefined;

noinline fn work(size: usize) !void {
    for (0..20) |i| {
        const block = try std.heap.c_allocator.alloc(u8, size);
        block[0] = 'x';
        if (i < 3) {
            kept[i] = block;
        } else {
            std.heap.c_allocator.free(block);
        }
    }
}

pub export fn main() c_int {
    work(7007) catch return 1;
    _ = printf("ledger: 7007 20 %d\n", @as(c_int, kept.len));
    return 0;
}
