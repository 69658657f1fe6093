SELECT size, count(*), count(dealloc_after) FROM allocations WHERE size = 4321;
SELECT DISTINCT b.sym FROM allocations a JOIN backtraces b ON b.id = a.bt
WHERE b.frame_no = 0 AND a.size = 4321;
