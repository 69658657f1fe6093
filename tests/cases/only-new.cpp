// SPDX-License-Identifier: MIT
// Takes nothing from the C++ library but the operators.
int main()
{
	int *volatile p = new int(1);
	delete p;
	char *volatile q = new char[100];
	delete[] q;
	return 0;
}
