SELECT count(*), sum(ending = 'live') FROM allocations WHERE size = 4242
