SELECT count(*) FROM allocations WHERE size > 1000000
