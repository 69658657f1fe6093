SELECT size, name FROM allocations JOIN threads ON thread = alloc_thread
WHERE size IN (30011, 30013, 30017, 30019) ORDER BY size;
SELECT count(*) FROM threads
