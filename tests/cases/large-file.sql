SELECT count(*) FROM allocations WHERE size = 901;
