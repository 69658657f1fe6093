SELECT text, at_ms < (SELECT alloc_after FROM allocations WHERE size = 5150),
at_ms > (SELECT dealloc_after FROM allocations WHERE size = 5150) FROM markers ORDER BY at_ms
