SELECT count(*), sum(a.ending = 'freed'), sum(a.ending = 'live'), max(size), ending
FROM allocations a, processes WHERE size > 100000
