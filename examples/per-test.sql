-- SPDX-License-Identifier: MIT
-- One row per test, in the order of the tests: what was allocated while it ran, by all
-- threads, and what of that was never freed. A test is a scope of the thread that runs
-- the tests, the first one of the process that has scopes; scopes inside it are part of
-- it. What the framework itself allocates meanwhile is in it too.
WITH runner AS (SELECT process, min(thread) AS thread FROM scopes GROUP BY process),
total AS (
  SELECT s.scope, sum(l.weight) AS allocations, sum(b.size * l.weight) AS bytes,
    sum(l.weight * e.live) AS leaks, sum(b.size * l.weight * e.live) AS leaked_bytes
  FROM runner r JOIN lots l USING (process) JOIN block_endings e ON e.ending = l.ending
  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
  CROSS JOIN scopes s ON b.alloc_ns < s.end_ns AND s.scope = (
    SELECT scope FROM scopes t WHERE t.thread = r.thread AND t.depth = 0
    AND t.begin_ns <= b.alloc_ns ORDER BY t.begin_ns DESC LIMIT 1)
  GROUP BY s.scope)
SELECT s.name AS test, round((s.end_ns - s.begin_ns) / 1e6, 3) AS ms,
  CAST(ifnull(t.allocations, 0) AS INTEGER) AS allocations, CAST(ifnull(t.bytes, 0) AS INTEGER) AS bytes,
  CAST(ifnull(t.leaks, 0) AS INTEGER) AS leaks, CAST(ifnull(t.leaked_bytes, 0) AS INTEGER) AS leaked_bytes
FROM scopes s JOIN runner r ON r.thread = s.thread LEFT JOIN total t ON t.scope = s.scope
WHERE s.depth = 0 ORDER BY s.scope;
