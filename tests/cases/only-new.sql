SELECT size, f.name, dealloc_after NOT NULL FROM allocations JOIN stacks ON stack = bt
JOIN allocators f USING (allocator) JOIN backtraces b ON b.id = bt
WHERE b.frame_no = 0 AND b.sym = 'main' ORDER BY size;
