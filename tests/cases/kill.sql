SELECT count(*), sum(a.end = 0), sum(a.end = 2), max(size), ending
FROM allocations a, processes WHERE size > 100000
