# SPDX-License-Identifier: MIT
var kept: seq[pointer]

proc work(size: int) =
  for i in 1..20:
    let p = alloc(size)
    if i <= 3: kept.add(p)
    else: dealloc(p)

work(7003)
echo "ledger: 7003 20 ", kept.len
