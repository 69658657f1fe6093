SELECT problem, size, free_size, allocated_by, freed_by, a.sym, a.line, f.sym, f.line
FROM mismatches JOIN backtraces a ON a.id = stack JOIN backtraces f ON f.id = free_stack
WHERE a.frame_no = 0 AND f.frame_no = 0 ORDER BY size;
