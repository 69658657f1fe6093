SELECT typeof(bt), total FROM (
SELECT bt, sum(size) AS total FROM allocations GROUP BY bt ORDER BY sum(size) DESC LIMIT 10
) WHERE total IN (70, 3000);
SELECT total, n FROM (
SELECT bt, sum(size) AS total, count(*) AS n FROM allocations WHERE dealloc_after IS NULL GROUP BY bt
) WHERE total IN (70, 3000);
SELECT count(*) FROM backtraces WHERE id = '123456789';
SELECT count(*) > 0 FROM backtraces WHERE id = '1';
SELECT sym FROM backtraces WHERE frame_no = 0
AND id = (SELECT CAST(bt AS TEXT) FROM allocations WHERE size = 1500 LIMIT 1)
