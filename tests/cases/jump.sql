SELECT count(*), sum(dealloc_after IS NULL) FROM allocations WHERE size = 3003;
SELECT count(*) >= 20000 FROM allocations WHERE size = 64;
SELECT reason, count FROM losses WHERE count > 0
