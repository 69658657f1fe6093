// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/signature.h"

static const char *plain(const char *name)
{
	static char text[128];
	size_t n = signature_name(name, text, sizeof(text) - 1);

	text[n] = 0;
	return text;
}

static void what_a_compiler_appends_does_not_count(void **state)
{
	(void)state;
	assert_string_equal(plain("main"), "main");
	assert_string_equal(plain("f.part.0"), "f");
	assert_string_equal(plain("f.constprop.0.isra.3"), "f");
	assert_string_equal(plain("f.cold"), "f");
	assert_string_equal(plain("ns::f(int) [clone .part.0] [clone .cold]"), "ns::f");
	assert_string_equal(plain("core::f::h0123456789abcdef"), "core::f");
	assert_string_equal(plain("core::f::hello_0123456789"),
			    "core::f::hello_0123456789");
}

static void types_do_not_count(void **state)
{
	(void)state;
	assert_string_equal(plain("ns::f(unsigned long, char const*)"), "ns::f");
	assert_string_equal(plain("void ns::f<int, A<B> >(unsigned long)"), "ns::f");
	assert_string_equal(
		plain("std::vector<int, std::allocator<int> >::push_back(int&&)"),
		"std::vector::push_back");
	assert_string_equal(plain("A<int>::get() const"), "A::get");
	assert_string_equal(plain("f(int)::L::grow[#2](int)"), "f::L::grow");
	assert_string_equal(plain("(anonymous namespace)::f(int)"), "::f");
	assert_string_equal(plain("<[u8; 4] as X>::new(int, char)"), "::new");
	/* As legacy names of Rust have it */
	assert_string_equal(plain("app::grow::<u8>"), "app::grow");
	assert_string_equal(plain("app::Foo<T>::push::<u8>"), "app::Foo::push");
	assert_string_equal(plain("<app::Foo<u8>>::push"), "::push");
	assert_string_equal(plain("app::run::<u8>::{closure#0}"),
			    "app::run::{{closure}}");
	assert_string_equal(plain("app::run::{closure#12}::<u8>"),
			    plain("app::run::{{closure}}"));
	assert_string_equal(plain("app::run::{closure#}"), "app::run::{closure#}");
}

/* They change when another lambda is written before; compilers have names of their own.
 */
static void numbers_of_lambdas_do_not_count(void **state)
{
	static const char *const same[] = {
		"main::{lambda(int)#2}::operator()(int) const",
		"main::{lambda(int)#1}::operator()(int) const",
		"main::{lambda(main::{lambda()#1}, int)#3}::operator()(int) const",
		"main::$_0::operator()(int) const",
		"main::$_12::operator()(int) const",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_string_equal(plain(same[i]), "main::{lambda}::operator()");
	assert_string_equal(plain("f<main::{lambda()#1}>(int)"), "f");
	assert_string_equal(plain("{lambda("), "{lambda");
	assert_string_equal(plain("cash$_"), "cash$_");
}

static void the_way_to_main_has_names_of_libc(void **state)
{
	(void)state;
	assert_true(signature_is_startup("start_thread"));
	assert_true(signature_is_startup("__clone3"));
	assert_true(signature_is_startup("__GI___clone3"));
	assert_false(signature_is_startup("__GI___libc_malloc"));
	assert_false(signature_is_startup("__GI_"));
	assert_false(signature_is_startup("worker"));
}

static void operators_are_no_brackets(void **state)
{
	(void)state;
	assert_string_equal(plain("operator new(unsigned long)"), "operator new");
	assert_string_equal(plain("operator new[](unsigned int)"), "operator new[]");
	assert_string_equal(plain("A::operator<(A const&) const"), "A::operator<");
	assert_string_equal(plain("A::operator->() const"), "A::operator->");
	assert_string_equal(plain("bool ns::operator==<int>(A<int> const&)"),
			    "ns::operator==");
	assert_string_equal(plain("std::ostream& std::operator<< <char>(char)"),
			    "std::operator<< ");
	assert_string_equal(plain("A<int>::operator>>(int)"), "A::operator>>");
	assert_string_equal(plain("my_operator<int>(int)"), "my_operator");
}

static void code_without_a_name_is_its_module(void **state)
{
	(void)state;
	assert_string_equal(plain("libx.so.1+0x12ab"), "libx.so.1");
	assert_string_equal(plain("0x7f0012ab"), "");
	assert_string_equal(plain("a+b"), "a+b");
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	char text[4];

	(void)state;
	assert_int_equal(signature_name("abcdefgh", text, sizeof(text)), 4);
	assert_memory_equal(text, "abcd", 4);
}

/* Known values: databases of all machines must agree. */
static void a_signature_is_the_same_everywhere(void **state)
{
	char text[SIGNATURE_TEXT_SIZE];
	uint64_t hash = SIGNATURE_BEGIN;

	(void)state;
	hash = signature_add(hash, "malloc");
	hash = signature_add(hash, "void f<long>(long)");
	assert_int_equal(hash,
			 signature_add(signature_add(SIGNATURE_BEGIN, "malloc"), "f"));
	assert_int_not_equal(hash, signature_add(SIGNATURE_BEGIN, "mallocf"));
	signature_format(signature_add(SIGNATURE_BEGIN, ""), text);
	assert_string_equal(text, "af64724c8602eb6e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_compiler_appends_does_not_count),
		cmocka_unit_test(types_do_not_count),
		cmocka_unit_test(numbers_of_lambdas_do_not_count),
		cmocka_unit_test(the_way_to_main_has_names_of_libc),
		cmocka_unit_test(operators_are_no_brackets),
		cmocka_unit_test(code_without_a_name_is_its_module),
		cmocka_unit_test(a_name_that_is_too_long_is_cut),
		cmocka_unit_test(a_signature_is_the_same_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
