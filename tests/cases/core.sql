SELECT fn.name, b.sym, a.size, a.ending
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
WHERE b.file LIKE '%/@source'
ORDER BY a.alloc_after, a.block
