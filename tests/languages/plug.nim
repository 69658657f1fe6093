# SPDX-License-Identifier: MIT
var kept: array[3, pointer]

proc work(size: int) =
  for i in 0..<20:
    let p = alloc(size)
    if i < 3: kept[i] = p
    else: dealloc(p)

proc work_here(): cint {.exportc, dynlib.} =
  work(7109)
  echo "ledger: 7109 20 3"
  return 1
