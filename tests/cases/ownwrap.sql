SELECT size, end FROM allocations WHERE size = 4243
