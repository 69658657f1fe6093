SELECT count(*), sum(end = 0), sum(end = 2), sum(size)
FROM allocations JOIN backtraces b ON b.id = bt AND b.frame_no = 0 WHERE b.sym = 'main'
