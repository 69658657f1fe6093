SELECT 'wrapper', function, found_by FROM wrappers
UNION ALL
SELECT owner_function, chain, allocated_bytes FROM call_sites
WHERE owner_file LIKE '%/@source' ORDER BY 1, 2, 3
