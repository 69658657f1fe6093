SELECT s.depth, s.truncated, count(DISTINCT b.frame_no), min(b.sym), max(b.sym), max_stack_depth
FROM allocations a JOIN stacks s ON s.stack = a.bt JOIN backtraces b ON b.id = a.bt, processes
WHERE size = 4242
