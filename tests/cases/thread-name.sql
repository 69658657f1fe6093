SELECT size, name FROM allocations JOIN threads ON thread = alloc_thread
WHERE size IN (100, 200, 300, 400) ORDER BY size;
SELECT count(*) FROM threads
