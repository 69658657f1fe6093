SELECT a.size, fn.name, b.sym, count(*), min(a.ending), max(a.ending)
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
WHERE a.size BETWEEN 1001 AND 1004 OR a.size = 100005
GROUP BY 1, 2, 3 ORDER BY a.size
