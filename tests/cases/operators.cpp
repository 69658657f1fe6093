// SPDX-License-Identifier: MIT
// Every form of operator new and delete, called by name.
#include <cstdlib>
#include <new>

using std::align_val_t;
using std::nothrow;

static const align_val_t al{64};

int main()
{
	operator delete(operator new(1));
	operator delete(operator new(2), 2);
	operator delete(operator new(3, nothrow), nothrow);
	operator delete(operator new(4, al), al);
	operator delete(operator new(5, al), 5, al);
	operator delete(operator new(6, al, nothrow), al, nothrow);
	operator delete[](operator new[](11));
	operator delete[](operator new[](12), 12);
	operator delete[](operator new[](13, nothrow), nothrow);
	operator delete[](operator new[](14, al), al);
	operator delete[](operator new[](15, al), 15, al);
	operator delete[](operator new[](16, al, nothrow), al, nothrow);
	return 0;
}
