// SPDX-License-Identifier: MIT
// Threads that allocate in three rounds of destructors of thread-specific data, and in
// the destructor of a thread_local object, one after another and in groups.
//
// usage: thread-ends THREADS
#include <cstdlib>
#include <pthread.h>

static pthread_key_t key;

__attribute__((noinline)) static void use(size_t size)
{
	void *volatile p = malloc(size);
	free(p);
}

struct object {
	int used = 0;
	~object()
	{
		use(9002);
	}
};
static thread_local object mine;

static void round(void *left)
{
	use(9001);
	if (static_cast<char *>(left) > reinterpret_cast<char *>(1))
		pthread_setspecific(key, static_cast<char *>(left) - 1);
}

static void *live(void *)
{
	mine.used = 1;
	pthread_setspecific(key, reinterpret_cast<void *>(3));
	return nullptr;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], nullptr, 10) : 0;
	pthread_key_create(&key, round);
	for (size_t i = 0; i < n; i += 8) {
		pthread_t threads[8];
		for (int k = 0; k < 8; k++)
			if (pthread_create(&threads[k], nullptr, live, nullptr) != 0)
				return 1;
		for (int k = 0; k < 8; k++)
			pthread_join(threads[k], nullptr);
	}
	return 0;
}
