SELECT count(*), sum(ending = 'freed'), sum(dealloc_after < alloc_after), count(DISTINCT alloc_thread)
FROM allocations WHERE size = 777
UNION ALL
SELECT 'overlap', count(*), 0, 0 FROM (
  SELECT dealloc_after > lead(alloc_after) OVER (PARTITION BY addr ORDER BY alloc_after, block)
    AS wrong FROM allocations WHERE size = 777) WHERE wrong
