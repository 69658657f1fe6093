SELECT fn.name, b0.sym, b0.line, b1.sym, count(*), max(a.ending)
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b0 ON b0.id = a.bt AND b0.frame_no = 0
JOIN backtraces b1 ON b1.id = a.bt AND b1.frame_no = 1
WHERE a.size = 4242 GROUP BY 1, 2, 3, 4
