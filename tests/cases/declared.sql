SELECT a.size, fn.name, fn.family, gn.name, gn.family, b.sym, b.line
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN stacks g ON g.stack = a.free_stack JOIN allocators gn ON gn.allocator = g.allocator
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
WHERE b.sym = 'main' ORDER BY b.line, a.size;
SELECT problem, size, allocated_by, freed_by FROM mismatches;
