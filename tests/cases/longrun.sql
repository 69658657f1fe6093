SELECT count(*), sum(ending = 'freed'), sum(ending = 'live'), sum(size)
FROM allocations JOIN backtraces b ON b.id = bt AND b.frame_no = 0 WHERE b.sym = 'main'
