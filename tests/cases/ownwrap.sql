SELECT size, ending FROM allocations WHERE size = 4243
