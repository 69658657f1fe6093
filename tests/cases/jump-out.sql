SELECT size, count(*) FROM allocations WHERE size IN (777, 1001, 1002) GROUP BY size;
