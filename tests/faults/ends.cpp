// SPDX-License-Identifier: MIT
// Static objects that free, in their order, when main has returned and threads run still.
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

struct part {
	const char *name;
	void *block;
	part(const char *text, size_t size) : name(text), block(malloc(size))
	{
	}
	~part()
	{
		free(block);
		free(malloc(7010));
		dprintf(1, "%s\n", name);
	}
};
static part first("first", 7001), second("second", 7002);

__attribute__((destructor(101))) static void last()
{
	void *volatile p = malloc(7003);
	free(p);
	dprintf(1, "last\n");
}

static void *forever(void *)
{
	for (size_t i = 0;; i++)
		free(malloc(i % 100));
}

int main()
{
	pthread_t thread;
	static part third("third", 7004);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, nullptr, forever, nullptr);
	return 3;
}
