SELECT size, count(*), count(dealloc_after) FROM allocations WHERE size IN (1001, 1002) GROUP BY 1;
SELECT sum(count) FROM losses;
