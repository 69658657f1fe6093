SELECT count(*), sum(end = 2) FROM allocations WHERE size = 4242
