SELECT size, count(*), sum(dealloc_after IS NULL) FROM allocations
WHERE size BETWEEN 2000 AND 2003 GROUP BY size;
SELECT reason, count FROM losses WHERE count > 0
