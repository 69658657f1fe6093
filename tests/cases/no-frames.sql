SELECT a.size, b.sym FROM allocations a JOIN backtraces b ON b.id = a.bt
WHERE a.size BETWEEN 801 AND 803
AND b.sym IN ('compare', 'large', 'of_any_size', 'aligned', 'main')
ORDER BY a.size, b.frame_no;
