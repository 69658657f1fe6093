SELECT count(*) FROM allocations WHERE bt IN (SELECT id FROM backtraces WHERE file LIKE '%/@source')
AND (end = 2 OR size > 1000000)
