SELECT count(*) FROM allocations WHERE bt IN (SELECT id FROM backtraces WHERE file LIKE '%/@source')
AND (ending = 'live' OR size > 1000000)
