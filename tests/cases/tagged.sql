SELECT size, count(*), count(dealloc_after) FROM allocations WHERE size > 1000 GROUP BY 1;
SELECT sum(count) FROM losses;
