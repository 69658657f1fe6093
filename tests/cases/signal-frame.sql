SELECT a.size, b.sym FROM allocations a JOIN backtraces b ON b.id = a.bt
WHERE a.size BETWEEN 701 AND 704 AND b.sym IN ('handler', 'informed', 'fault', 'outer', 'main')
ORDER BY a.size, b.frame_no;
