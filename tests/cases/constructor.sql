SELECT fn.name, b.sym, a.size, CASE a.end WHEN 0 THEN 'freed' WHEN 1 THEN 'realloc' WHEN 2 THEN 'live' ELSE a.end END
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN functions fn USING (function)
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
WHERE b.file LIKE '%/@source'
ORDER BY a.alloc_after, a.id
