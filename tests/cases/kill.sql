SELECT count(*), sum(a.ending = 'freed'), sum(a.ending = 'live'), max(size), p.ending
FROM allocations a, processes p WHERE size > 100000
