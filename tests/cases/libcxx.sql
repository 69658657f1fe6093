SELECT fn.family, count(*) >= 24, sum(a.ending = 'freed') = count(*)
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN allocators fn USING (allocator)
WHERE a.bt IN (SELECT id FROM backtraces WHERE sym LIKE 'work%') AND fn.family != 'malloc'
GROUP BY fn.family
UNION ALL
SELECT 'seen twice', count(*), 0 FROM (
  SELECT addr FROM allocations GROUP BY addr, alloc_after HAVING count(*) > 1)
