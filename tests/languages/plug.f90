! SPDX-License-Identifier: MIT
function work_here() bind(c) result(done)
  use iso_c_binding, only: c_int
  integer(c_int) :: done
  type box
    integer(1), pointer :: bytes(:)
  end type
  type(box), save :: kept(20)
  integer :: i
  do i = 1, 20
    allocate(kept(i)%bytes(7113))
    if (i > 3) deallocate(kept(i)%bytes)
  end do
  print '(a)', 'ledger: 7113 20 3'
  flush(6)
  done = 1
end function
