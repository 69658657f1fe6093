SELECT fn.name, b1.sym, a.ending
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
JOIN backtraces b1 ON b1.id = a.bt AND b1.frame_no = 1
WHERE b1.sym = 'caller' ORDER BY a.alloc_after, a.block
