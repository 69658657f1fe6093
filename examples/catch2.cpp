/* SPDX-License-Identifier: MIT */
/*
 * What each test case of Catch2, version 2 or 3, allocates and leaks. To be copied: the
 * listener and what it includes.
 *
 *	rheaper-c++ catch2.cpp -lCatch2WithMain -o tests          # version 2
 *	rheaper-c++ catch2.cpp -lCatch2Main -lCatch2 -o tests     # version 3
 *	RHEAPER_TRACE=trace.bin ./tests
 *	rheaper-load trace.bin profile.db
 *	sqlite3 -box profile.db < per-test.sql
 */
#include <cstdlib>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_case_info.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
typedef Catch::EventListenerBase listener_base;
#else
#define CATCH_CONFIG_EXTERNAL_INTERFACES /* listeners */
#include <catch2/catch.hpp>
typedef Catch::TestEventListenerBase listener_base;
#endif

#include <rheaper.h>

class rheaper_listener : public listener_base
{
	uint32_t scope = 0;

      public:
	using listener_base::listener_base;

	void testCaseStarting(const Catch::TestCaseInfo &test) override
	{
		scope = rheaper_begin(test.name.c_str());
	}
	void testCaseEnded(const Catch::TestCaseStats &) override
	{
		rheaper_end(scope);
	}
};
CATCH_REGISTER_LISTENER(rheaper_listener)

/* The tests. */
static void *volatile block;

TEST_CASE("allocates nothing")
{
	CHECK(block == nullptr);
}

TEST_CASE("frees all")
{
	for (int i = 0; i < 3; i++) {
		block = std::malloc(100);
		CHECK(block);
		std::free(block);
	}
}

TEST_CASE("leaks")
{
	for (int i = 0; i < 2; i++)
		block = std::malloc(50);
	CHECK(block);
}
