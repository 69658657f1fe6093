SELECT f.name, size, count(*) FROM allocations JOIN stacks ON stack = bt
JOIN allocators f USING (allocator) WHERE size IN (1011, 2022) GROUP BY 1, 2 ORDER BY 2;
SELECT count(*) FROM mismatches;
