/* SPDX-License-Identifier: MIT */
/*
 * What each test of GoogleTest allocates and leaks. To be copied: the listener, and the
 * line of main that appends it.
 *
 *	rheaper-c++ googletest.cpp -lgtest -pthread -o tests
 *	RHEAPER_TRACE=trace.bin ./tests
 *	rheaper-load trace.bin profile.db
 *	sqlite3 -box profile.db < per-test.sql
 */
#include <cstdlib>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <rheaper.h>

class rheaper_listener : public testing::EmptyTestEventListener
{
	uint32_t scope = 0;

	void OnTestStart(const testing::TestInfo &test) override
	{
		std::string name =
			std::string(test.test_suite_name()) + "." + test.name();
		scope = rheaper_begin(name.c_str());
	}
	void OnTestEnd(const testing::TestInfo &) override
	{
		rheaper_end(scope);
	}
};

/* The tests. */
static void *volatile block;

TEST(Blocks, AllocatesNothing)
{
	EXPECT_EQ(block, nullptr);
}

TEST(Blocks, FreesAll)
{
	for (int i = 0; i < 3; i++) {
		block = std::malloc(100);
		EXPECT_NE(block, nullptr);
		std::free(block);
	}
}

TEST(Blocks, Leaks)
{
	for (int i = 0; i < 2; i++)
		block = std::malloc(50);
	EXPECT_NE(block, nullptr);
}

/* glibc keeps a little of a thread for the next one: that is no leak, but live. */
TEST(Blocks, LeaksInAThread)
{
	std::thread([] { block = std::malloc(70); }).join();
	EXPECT_NE(block, nullptr);
}

int main(int argc, char **argv)
{
	testing::InitGoogleTest(&argc, argv);
	testing::UnitTest::GetInstance()->listeners().Append(new rheaper_listener);
	return RUN_ALL_TESTS();
}
