SELECT s.name, ifnull(p.name, '-'), s.depth, s.ending, number, s.begin_ms < s.end_ms, allocations, allocated_bytes,
kept_blocks, kept_bytes, live_blocks, live_bytes
FROM scope_totals s JOIN threads t USING (thread) LEFT JOIN scopes p ON p.scope = s.parent
WHERE s.name <> 'waits' UNION ALL
-- What pthread_create allocates is libc's affair
SELECT name, '-', depth, ending, thread, begin_ms < end_ms, '', '', '', '', '', '' FROM scope_totals WHERE name = 'waits' UNION ALL
SELECT 'in none', size, '', '', '', '', count(*), sum(size), '', '', '', '' FROM allocations
WHERE size IN (1, 2) AND block NOT IN (SELECT block FROM scope_allocations) GROUP BY size UNION ALL
SELECT 'unpaired', count, '', '', '', '', '', '', '', '', '', '' FROM losses WHERE reason = 'unpaired_scope_end' ORDER BY 1, 8, 12
