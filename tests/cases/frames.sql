SELECT frame_no, sym, line FROM backtraces
WHERE id = (SELECT bt FROM allocations WHERE size = 4242) AND file LIKE '%/@source'
ORDER BY frame_no
