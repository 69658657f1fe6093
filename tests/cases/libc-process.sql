SELECT iif(fn.name = iif((SELECT count(*) FROM modules) > 1, 'strdup', 'malloc')
           AND b.frame_no = (fn.name = 'malloc'), 'as it should be', fn.name), b.sym, a.ending
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt
WHERE b.sym = 'caller'
UNION ALL
SELECT fn.name, b.sym, a.ending
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
JOIN backtraces b ON b.id = a.bt AND b.frame_no > 0
WHERE b.sym = 'printer' AND fn.name = 'malloc' AND a.size = 5
