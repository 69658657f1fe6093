SELECT size, count(*) FROM allocations WHERE size IN (1001, 1002, 1003) GROUP BY size
