SELECT b.sym, CASE WHEN fn.name GLOB '__isoc[0-9][0-9]_sscanf' THEN 'sscanf' ELSE fn.name END, count(*) > 0, sum(a.ending = 'live')
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
WHERE b.file LIKE '%/@source'
GROUP BY 1, 2 ORDER BY min(a.alloc_after)
