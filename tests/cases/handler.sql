SELECT count(*) > 1000, count(*) = count(dealloc_after) FROM allocations WHERE size = 333;
SELECT count(*) - count(dealloc_after) FROM allocations WHERE size = 17;
SELECT reason, count FROM losses WHERE count > 1 AND reason <> 'clock_inversions';
