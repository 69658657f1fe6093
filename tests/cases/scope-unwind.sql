-- Without what throwing allocates
SELECT s.name, depth, ending, sum(a.size IN (20)), sum(a.size IN (7, 8)), sum(a.size IN (20) AND kept)
FROM scopes s JOIN scope_allocations a USING (scope) GROUP BY s.scope ORDER BY s.scope
