SELECT count(*) - count(dealloc_after) FROM allocations WHERE size = 10;
SELECT reason FROM losses WHERE count > 0 AND reason <> 'clock_inversions';
