// SPDX-License-Identifier: MIT
/*
 * A name decides where the module cannot: templates of the C++ and D and generics of the
 * Rust library are compiled into the program, and a static program has all of libc. What
 * a program puts into namespace std is taken for the library's.
 */
#include <string.h>

#include "common/glob.h"
#include "common/path.h"
#include "symbols/short-name.h"

#include "analysis/libraries.h"

#define N(list) (sizeof(list) / sizeof(*(list)))

static const char *const modules[] = {
	"libc.so*",    "libc-2.*",       "libc.musl-*",    "ld-linux*",   "ld-musl-*",
	"ld-2.*",      "libpthread.so*", "libpthread-2.*", "libdl.so*",   "libdl-2.*",
	"librt-2.*",   "libm.so*",       "libm-2.*",       "libmvec*",    "libresolv*",
	"libnss_*",    "libgcc_s*",      "libstdc++.so*",  "libc++.so*",  "libc++abi.so*",
	"libsupc++*",  "libunwind.so*",  "libstd-*.so",    "[vdso]",      "linux-vdso*",
	"linux-gate*", "libphobos2*",    "libdruntime*",   "libgphobos*", "libgdruntime*",
};

/* Of a name with its scopes. */
static const char *const functions[] = {
	"std::*",
	"std.*",
	"core.internal.*",
	"core.memory.*",
	"__wrap_*",
	"rhp_declared_*",
	"__gnu_cxx::*",
	"__cxxabiv1::*",
	"alloc::*",
	"core::*",
	"hashbrown::*",
	"__rustc::*",
	"operator new*",
	"operator delete*",
	"__cxa_*",
	"__gxx_*",
	"_Unwind_*",
	"__rust_*",
	"__rdl_*",
	"__rg_*",
	"rust_begin_unwind",
	"__libc_*",
	"__GI_*",
	"__gconv*",
	"__wcsmbs_*",
	"__fopen_*",
	"__vasprintf*",
	"__asprintf*",
	"__alloc_dir",
	"__opendir*",
	"_IO_*",
	"_dl_*",
	"_nl_*",
	"_start",
	"start_thread",
	"clone",
	"clone3",
	"__clone",
	"__clone3",
	"strdup",
	"__strdup",
	"strndup",
	"__strndup",
	"wcsdup",
	"asprintf",
	"vasprintf",
	"getline",
	"getdelim",
	"__getdelim",
	"fopen",
	"fopen64",
	"fdopen",
	"freopen",
	"fmemopen",
	"open_memstream",
	"opendir",
	"fdopendir",
	"scandir",
	"getcwd",
	"realpath",
	"setlocale",
	"qsort",
	"qsort_r",
	"__qsort_r",
	"bsearch",
	"hcreate_r",
	"tsearch",
	"regcomp",
	"glob",
	"getaddrinfo",
	"setenv",
	"putenv",
};

static bool fits_one(const char *const *globs, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (glob_fits(globs[i], text))
			return true;
	}
	return false;
}

bool library_has_module(const char *path)
{
	return path && fits_one(modules, N(modules), path_base(path));
}

/* <T as alloc::slice::hack::ConvertVec>: a trait of the library, of any type. One that is
 * named, with its scopes, implements the trait by itself. */
static bool is_generic(const char *name)
{
	static const char *const traits[] = {"alloc", "core", "std"};
	const char *as = *name == '<' ? strstr(name, " as ") : NULL;

	if (!as || memmem(name, (size_t)(as - name), "::", 2))
		return false;
	for (size_t i = 0; i < N(traits); i++) {
		size_t n = strlen(traits[i]);

		if (strncmp(as + 4, traits[i], n) == 0 &&
		    (as[4 + n] == ':' || as[4 + n] == '['))
			return true;
	}
	return false;
}

bool library_has_function(const char *name)
{
	char text[SHORT_NAME_SIZE];

	if (is_generic(name))
		return true;
	short_name_scoped(name, text, sizeof(text));
	return fits_one(functions, N(functions), text);
}
