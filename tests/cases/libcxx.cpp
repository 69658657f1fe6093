// SPDX-License-Identifier: MIT
// What the C++ library allocates inside itself is seen once, as operator new.
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

static void work()
{
	std::string text(1000, 'x');
	std::vector<int> numbers(500);
	std::map<int, std::string> table;
	std::ostringstream out;

	for (int i = 0; i < 10; i++)
		table[i] = text;
	out << text << numbers.size() << std::hex << table.size();
	std::cout << out.str().size() << '\n';
}

int main()
{
	work();
	return 0;
}
