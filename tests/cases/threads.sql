SELECT count(*), sum(dealloc_after >= alloc_after), sum(alloc_thread != dealloc_thread),
  count(DISTINCT alloc_thread), count(DISTINCT dealloc_thread)
FROM allocations WHERE size = 1000
