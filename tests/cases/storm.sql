SELECT count(*) > 100000, sum(dealloc_after IS NULL), sum(dealloc_thread != alloc_thread) > 100
FROM allocations WHERE size >= 1024 AND alloc_thread > 1;
SELECT reason, count FROM losses WHERE count > 0 AND reason NOT IN ('clock_inversions');
SELECT value > 1000 FROM totals WHERE name = 'failed_reallocs'
