/* SPDX-License-Identifier: MIT */
/*
 * One row per command: the words, what is decided and why, and what is gained.
 * Gained words are written short: `fp leaf g1 | WRAPS A | A I(...) A`, where
 * WRAPS names the groups wrapped, A is the archive, I(...) the interposers that
 * are asked for, x exports the operators. An archive of another target has its name:
 * A-i386, I-i386(...); the operators where size_t has 32 bits are the group cxx32.
 * `by name` is the archive itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>

#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/linker-file.h"
#include "rheaper-cc/symbols.h"

#define C_LINK "core+string A | A I(malloc) A"
#define CXX_LINK "core+cxx+string x A | A I(malloc,cxx) A"
#define LINK_CAPTURE "core+string+libc A | A I(lifetime) A"
#define STATIC_LINK "core eh A | A"
#define PLUGIN_LINK "core+string+libc P | P"
#define CODE "fp leaf g1"
#define NO_G "fp leaf"
#define NOTHING_MORE " |  | "

static const struct row {
	/* cc, c++, link (cc that captures the link), plugin (cc --rheaper-shared), zig,
	 * zig++, or a triple */
	const char *driver;
	const char *words;
	enum cmd_kind kind;
	const char *reason; /* must be part of the reason */
	const char *gained;
} rows[] = {
	/* Questions and probes */
	{"cc", "", CMD_QUERY, "no input", NOTHING_MORE},
	{"cc", "--version", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-v", CMD_QUERY, "no input", NOTHING_MORE},
	{"cc", "-V", CMD_QUERY, "no input", NOTHING_MORE},
	{"cc", "-qversion", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-version", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "--help", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "--help=target -v", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "--target-help", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-dumpmachine", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-dumpversion", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-print-prog-name=ld", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "--print-search-dirs", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-print-sysroot a.c", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-### a.c", CMD_QUERY, "question", NOTHING_MORE},
	{"cc", "-Wl,--version", CMD_QUERY, "no input", NOTHING_MORE},
	{"cc", "-v -o x", CMD_QUERY, "no input", NOTHING_MORE},
	{"cc", "-cc1 -triple x a.c", CMD_QUERY, "inner stage", NOTHING_MORE},
	{"cc", "-o x -- a.c", CMD_QUERY, "after --", NOTHING_MORE},

	/* No code */
	{"cc", "-E a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "--preprocess a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "-E -dM -x c -", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "-E -dM -", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "-M a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "-MM a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "--dependencies a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "--user-dependencies a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "-fsyntax-only a.c", CMD_PREPROCESS, "checks only", NOTHING_MORE},
	{"cc", "-c -E a.c", CMD_PREPROCESS, "preprocesses", NOTHING_MORE},
	{"cc", "--analyze a.c", CMD_PREPROCESS, "checks only", NOTHING_MORE},

	/* Compile steps */
	{"cc", "-c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "--compile a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-S a.c -o a.s", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "--assemble a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c a.s", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-c a.S", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-x assembler-with-cpp -c a.c", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-x assembler -c -", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-c a.S b.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-x assembler a.s -x none b.c -c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c a.i", CMD_COMPILE, "stops", CODE " |  | "},
	{"c++", "-c a.cpp", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c a.f90", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c a.ll", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-xc -c -", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "--language=c -c conftest", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-MD -MF a.d -MT a.o -c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-ffreestanding -c a.c", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-D__KERNEL__ -c a.c", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "-D __KERNEL__=1 -c a.c", CMD_COMPILE, "stops", NOTHING_MORE},
	{"cc", "a.h", CMD_COMPILE, "precompiled", CODE " |  | "},
	{"cc", "-x c++-header a.hpp -o a.gch", CMD_COMPILE, "precompiled", CODE " |  | "},
	{"cc", "-c a.h -o a.h.gch", CMD_COMPILE, "precompiled", CODE " |  | "},
	{"cc", "-include a.h -c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c a.c -flto", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-m32 -c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"riscv64-linux-gnu", "-c a.c", CMD_COMPILE, "stops", "fp tables g1 |  | "},
	{"aarch64-linux-gnu", "-c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"i686-linux-gnu", "-c a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "--target=armv7-linux-gnueabihf -c a.c", CMD_COMPILE, "stops",
	 "fp tables g1 |  | "},

	/* Debug information */
	{"cc", "-c -g a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -g0 a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -g3 a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -ggdb3 a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -gdwarf-5 a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -gsplit-dwarf a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -gline-tables-only a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c --debug a.c", CMD_COMPILE, "stops", NO_G " |  | "},
	{"cc", "-c -gz a.c", CMD_COMPILE, "stops", CODE " |  | "},
	{"cc", "-c -gz=zlib -grecord-gcc-switches a.c", CMD_COMPILE, "stops",
	 CODE " |  | "},
	{"cc", "-c -gno-column-info -ggnu-pubnames a.c", CMD_COMPILE, "stops",
	 CODE " |  | "},
	{"cc", "-c -gdwarf64 -gcc-toolchain /x a.c", CMD_COMPILE, "stops", CODE " |  | "},

	/* Executables */
	{"cc", "a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "a.c", CMD_EXECUTABLE, "executable", CODE " | " C_LINK},
	{"cc", "-g a.c b.o", CMD_EXECUTABLE, "executable", NO_G " | " C_LINK},
	{"cc", "a.s", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-MD a.c -o a", CMD_EXECUTABLE, "executable", CODE " | " C_LINK},
	{"cc", "-lfoo", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-x c - -o a", CMD_EXECUTABLE, "executable", CODE " | " C_LINK},
	{"cc", "- -o a", CMD_OTHER, "unclear", NOTHING_MORE},
	{"cc", "-v a.o -o cmTC_1", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "--output=x a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-o -c a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-Xlinker -r.map a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-mllvm -c a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-Xclang -E a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-Xarch_host -c a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-flto a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "a.o -Wl,-Bstatic -lx -Wl,-Bdynamic", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-static-libgcc a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-shared-libgcc a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-rdynamic a.o -Wl,-rpath,-r", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-Wl,-rpath -Wl,-shared a.o", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-Wl,-Ttext-segment=0x1000 a.o", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-nodefaultlibs a.o -lgcc_s -lc", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-nostdlib a.o -lc", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-nostdlib a.o -l c", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-nostdlib a.o /lib/libc.so.6", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-fuse-ld=bfd -fuse-ld=gold a.o", CMD_EXECUTABLE, "",
	 " | core+string gold A | A I(malloc) A"},
	{"cc", "-fuse-ld=gold -fuse-ld=bfd a.o", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-m64 a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-m32 -m64 a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-fsanitize=undefined a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-fsanitize=address,undefined -fno-sanitize=address a.o", CMD_EXECUTABLE,
	 "", " | " C_LINK},
	{"cc", "-fsanitize=thread -fno-sanitize=all a.o", CMD_EXECUTABLE, "",
	 " | " C_LINK},
	{"c++", "a.o", CMD_EXECUTABLE, "executable", " | " CXX_LINK},
	{"c++", "a.cc -stdlib=libc++", CMD_EXECUTABLE, "", CODE " | " CXX_LINK},
	{"cc", "a.o -lstdc++", CMD_EXECUTABLE, "executable", " | " CXX_LINK},
	{"cc", "a.o -lc++", CMD_EXECUTABLE, "executable", " | " CXX_LINK},
	{"cc", "a.o /usr/lib/libstdc++.so.6", CMD_EXECUTABLE, "", " | " CXX_LINK},
	{"cc", "--driver-mode=g++ a.o", CMD_EXECUTABLE, "", " | " CXX_LINK},
	{"c++", "-static-libstdc++ a.o", CMD_EXECUTABLE, "",
	 " | core+cxx+string A | A I(malloc) A"},
	{"cc", "a.o -l:libstdc++.a", CMD_EXECUTABLE, "",
	 " | core+cxx+string A | A I(malloc) A"},
	{"link", "a.o", CMD_EXECUTABLE, "executable", " | " LINK_CAPTURE},
	{"link", "a.o -lstdc++", CMD_EXECUTABLE, "",
	 " | core+cxx+string+libc x A | A I(lifetime,cxx) A"},
	{"c++", "-nostdlib++ a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"c++", "-nodefaultlibs a.o -lc", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"c++", "-nostdlib++ a.o -lc++", CMD_EXECUTABLE, "executable", " | " CXX_LINK},
	{"cc", "a.o -Wl,--wrap=malloc", CMD_EXECUTABLE, "",
	 " | core-malloc+string A | A I(malloc) A"},
	{"cc", "a.o -Wl,--wrap,malloc,-wrap=free", CMD_EXECUTABLE, "",
	 " | core-malloc-free+string A | A I(malloc) A"},
	{"cc", "a.o -Xlinker --wrap -Xlinker calloc", CMD_EXECUTABLE, "",
	 " | core-calloc+string A | A I(malloc) A"},

	/* Static executables */
	{"cc", "-static a.o", CMD_STATIC, "-static", " | " STATIC_LINK},
	{"cc", "--static a.c", CMD_STATIC, "-static", CODE " | " STATIC_LINK},
	{"cc", "-static-pie a.o", CMD_STATIC, "-static", " | " STATIC_LINK},
	{"c++", "-static a.o", CMD_STATIC, "-static", " | core+cxx eh A | A"},
	{"link", "-static a.o", CMD_STATIC, "-static", " | " STATIC_LINK},

	/* A compiler with a linker and libraries of its own */
	{"zig", "-c a.c", CMD_COMPILE, "stops", CODE NOTHING_MORE},
	{"zig", "a.c", CMD_EXECUTABLE, "executable", CODE " | by name " C_LINK},
	{"zig", "a.o", CMD_EXECUTABLE, "executable", "g1 | by name " C_LINK},
	{"zig", "-g a.o", CMD_EXECUTABLE, "executable", " | by name " C_LINK},
	{"zig", "-fuse-ld=gold a.o", CMD_EXECUTABLE, "", "g1 | by name " C_LINK},
	{"zig", "-shared a.o", CMD_SHARED, "", NOTHING_MORE},
	{"zig++", "a.o", CMD_EXECUTABLE, "executable",
	 "g1 | by name core+cxx+string A | A I(malloc) A"},
	{"cc", "-dynamic a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},

	/* Links left alone */
	{"cc", "-r a.o b.o -o c.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "-Wl,-r a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "-Wl,-z,now,-i a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "-Wl,--relocatable a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "-Xlinker -Ur a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "--for-linker=-r a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"cc", "-r a.c", CMD_PARTIAL, "final link", CODE " |  | "},
	{"cc", "-shared a.o", CMD_SHARED, "loads it", NOTHING_MORE},
	{"plugin", "-shared a.o", CMD_PLUGIN, "--rheaper-shared", " | " PLUGIN_LINK},
	{"plugin", "-shared -static-libgcc a.c", CMD_PLUGIN, "", CODE " | " PLUGIN_LINK},
	{"plugin", "-shared a.o -lstdc++", CMD_PLUGIN, "",
	 " | core+cxx+string+libc P | P"},
	{"plugin", "-Wl,-shared a.o", CMD_PLUGIN, "", " | " PLUGIN_LINK},
	{"plugin", "-shared -nostdlib a.o", CMD_OTHER, "-nostdlib", NOTHING_MORE},
	{"plugin", "-shared -nostdlib a.o -lc", CMD_PLUGIN, "", " | " PLUGIN_LINK},
	{"plugin", "-shared -fsanitize=address a.o", CMD_OTHER, "sanitizer",
	 NOTHING_MORE},
	{"plugin", "-shared -static a.o", CMD_PLUGIN, "", " | " PLUGIN_LINK},
	{"plugin", "-shared -r a.o", CMD_PARTIAL, "final link", NOTHING_MORE},
	{"plugin", "-shared -c a.c", CMD_COMPILE, "before the link", CODE " |  | "},
	{"plugin", "a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"cc", "-shared a.c", CMD_SHARED, "loads it", CODE " |  | "},
	{"cc", "--shared a.o", CMD_SHARED, "loads it", NOTHING_MORE},
	{"cc", "-Wl,-shared a.o", CMD_SHARED, "loads it", NOTHING_MORE},
	{"cc", "-Wl,-Bshareable a.o", CMD_SHARED, "loads it", NOTHING_MORE},
	{"cc", "-G a.o", CMD_OTHER, "unclear", NOTHING_MORE},
	{"cc", "-nostdlib a.o", CMD_OTHER, "-nostdlib", NOTHING_MORE},
	{"cc", "--no-standard-libraries a.o", CMD_OTHER, "-nostdlib", NOTHING_MORE},
	{"cc", "-nostartfiles a.o", CMD_OTHER, "-nostartfiles", NOTHING_MORE},
	{"cc", "-ffreestanding a.c", CMD_OTHER, "freestanding", NOTHING_MORE},
	{"cc", "-T x.ld a.o", CMD_OTHER, "linker script", NOTHING_MORE},
	{"cc", "-Wl,-T,x.ld a.o", CMD_OTHER, "linker script", NOTHING_MORE},
	{"cc", "-Wl,--script=x.ld a.o", CMD_OTHER, "linker script", NOTHING_MORE},
	{"cc", "-Wl,--oformat,binary a.o", CMD_OTHER, "raw data", NOTHING_MORE},
	{"cc", "-Wl,--oformat=elf64-x86-64 a.o", CMD_EXECUTABLE, "", " | " C_LINK},
	{"cc", "-Wl,-b,binary x.png a.o", CMD_OTHER, "raw data", NOTHING_MORE},
	{"cc", "-Wl,-b,binary x.png -Wl,-b,default a.o", CMD_EXECUTABLE, "",
	 " | " C_LINK},
	{"cc", "-fsanitize=address a.o", CMD_OTHER, "sanitizer", NOTHING_MORE},
	{"cc", "-fsanitize=undefined,thread a.c", CMD_OTHER, "sanitizer", CODE " |  | "},
	{"cc", "-fsanitize=leak a.o", CMD_OTHER, "sanitizer", NOTHING_MORE},
	{"cc", "-fsanitize=memory a.o", CMD_OTHER, "sanitizer", NOTHING_MORE},
	{"cc", "-fsanitize=hwaddress a.o", CMD_OTHER, "sanitizer", NOTHING_MORE},
	{"cc", "-mx32 a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "-m32 -mx32 a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "-mabi=ilp32 a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "--target=mips-linux-gnu a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "--target=aarch64-none-elf a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "--target=aarch64-linux-android a.o", CMD_OTHER, "a target that",
	 NOTHING_MORE},
	{"cc", "--target=aarch64_be-linux-gnu a.o", CMD_OTHER, "a target that",
	 NOTHING_MORE},
	{"cc", "--target=x86_64-linux-gnux32 a.o", CMD_OTHER, "a target that",
	 NOTHING_MORE},
	{"x86_64-w64-mingw32", "a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"arm-linux-gnueabi", "a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"loongarch64-linux-gnu", "a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"aarch64-linux-gnu", "-m32 a.o", CMD_OTHER, "a target that", NOTHING_MORE},

#ifdef __x86_64__
	/* zig's targets: of its libcs it links that of glibc as a shared library */
	{"zig", "-target native a.o", CMD_EXECUTABLE, "", "g1 | by name " C_LINK},
	{"zig", "-target x86_64-native a.o", CMD_EXECUTABLE, "", "g1 | by name " C_LINK},
	{"zig", "-target x86_64-linux-gnu.2.36 a.o", CMD_EXECUTABLE, "",
	 "g1 | by name " C_LINK},
	{"zig", "-target native-linux-musl -dynamic a.o", CMD_EXECUTABLE, "",
	 "g1 | by name " C_LINK},
	{"zig", "-target x86_64-linux-musl a.o", CMD_STATIC, "",
	 "g1 | by name " STATIC_LINK},
	{"zig", "-target native-native-musl a.o", CMD_STATIC, "",
	 "g1 | by name " STATIC_LINK},
	{"zig", "-target x86_64-linux a.o", CMD_STATIC, "", "g1 | by name " STATIC_LINK},
	{"zig", "-target x86-linux-musl a.o", CMD_STATIC, "",
	 "g1 | by name-i386 core eh A-i386 | A-i386"},
	{"zig", "-target x86_64-linux-musl -shared a.o", CMD_SHARED, "", NOTHING_MORE},
	{"zig", "-target x86_64-windows-gnu a.o", CMD_OTHER, "a target that",
	 NOTHING_MORE},
	{"zig", "-target native-macos a.o", CMD_OTHER, "a target that", NOTHING_MORE},
	{"cc", "--target=x86_64-linux-musl a.o", CMD_EXECUTABLE, "", " | " C_LINK},

	/* Other targets, as this machine names their archives */
	{"cc", "-m32 a.o", CMD_EXECUTABLE, "executable",
	 " | core+string A-i386 | A-i386 I-i386(malloc) A-i386"},
	{"c++", "-m32 a.o", CMD_EXECUTABLE, "executable",
	 " | core+cxx32+string x A-i386 | A-i386 I-i386(malloc,cxx) A-i386"},
	{"link", "a.o -m64 -m32", CMD_EXECUTABLE, "executable",
	 " | core+string+libc A-i386 | A-i386 I-i386(lifetime) A-i386"},
	{"c++", "-m32 a.o -Wl,--wrap=_Znwj", CMD_EXECUTABLE, "executable",
	 " | core+cxx32-_Znwj+string x A-i386 | A-i386 I-i386(malloc,cxx) A-i386"},
	{"i686-linux-gnu", "-static a.o", CMD_STATIC, "-static",
	 " | core eh A-i386 | A-i386"},
	{"i686-linux-gnu", "-m64 a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"x86_64-linux-gnu", "a.o", CMD_EXECUTABLE, "executable", " | " C_LINK},
	{"x86_64-alpine-linux-musl", "a.o", CMD_EXECUTABLE, "", " | " C_LINK},
	{"aarch64-linux-gnu", "a.o", CMD_EXECUTABLE, "executable",
	 " | core+string A-aarch64 | A-aarch64 I-aarch64(malloc) A-aarch64"},
	{"cc", "--target=arm64-linux-gnu a.o", CMD_EXECUTABLE, "executable",
	 " | core+string A-aarch64 | A-aarch64 I-aarch64(malloc) A-aarch64"},
	{"c++", "-target aarch64-linux-gnu -static a.o", CMD_STATIC, "-static",
	 " | core+cxx eh A-aarch64 | A-aarch64"},
	{"riscv64-linux-gnu", "a.o", CMD_EXECUTABLE, "executable",
	 " | core+string A-riscv64 | A-riscv64 I-riscv64(malloc) A-riscv64"},
	{"arm-linux-gnueabihf", "a.o", CMD_EXECUTABLE, "executable",
	 " | core+string A-armhf | A-armhf I-armhf(malloc) A-armhf"},
	{"c++", "--target=armv7-linux-gnueabihf -static a.o", CMD_STATIC, "-static",
	 " | core+cxx32 eh A-armhf | A-armhf"},
#endif
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The groups that a --wrap word covers, whole but for the symbols named. */
static void describe_wraps(const char *word, FILE *out)
{
	int narrow = strstr(word, "--wrap=_ZdaPvj") != NULL;
	const char *const groups[] = {"core", narrow ? "cxx32" : "cxx", "string", "libc"};
	static const enum symbol_group ids[] = {GROUP_core, GROUP_cxx, GROUP_string,
						GROUP_libc};
	char whole[8192];

	snprintf(whole, sizeof(whole), "%s,", word);
	for (size_t g = 0; g < 4; g++) {
		size_t found = 0;

		for (int pass = 0; pass < 2; pass++) {
			for (size_t i = 0; i < n_symbols; i++) {
				const char *name =
					narrow ? symbols[i].narrow_name : symbols[i].name;
				char flag[80];
				int here;

				if (symbols[i].group != ids[g])
					continue;
				snprintf(flag, sizeof(flag), ",--wrap=%s,", name);
				here = strstr(whole, flag) != NULL;
				if (pass == 0)
					found += here;
				else if (found > 0 && !here)
					fprintf(out, "-%s", name);
			}
			if (pass == 0 && found > 0)
				fprintf(out, "%s%s", g ? "+" : "", groups[g]);
		}
	}
	assert_non_null(strstr(whole, ",--wrap=longjmp,"));
}

/* What the names of all archives in a word have before .ar; NULL if they differ. */
static const char *suffix_of(const char *word)
{
	static const char *const suffixes[] = {"-i386", "-aarch64", "-riscv64", "-armhf",
					       ""};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char end[16];
		int all = 1;

		snprintf(end, sizeof(end), "%s.ar,", suffixes[i]);
		for (const char *at = strstr(word, ".ar,"); at;
		     at = strstr(at + 1, ".ar,"))
			all &= strncmp(at + 4 - strlen(end), end, strlen(end)) == 0;
		if (all)
			return suffixes[i];
	}
	return NULL;
}

static void describe_archives(const char *word, FILE *out)
{
	const char *suffix = suffix_of(word);

	if (strstr(word, ",/rhp/librheaper-interpose") ||
	    strstr(word, ",/rhp/librheaper-follow"))
		fprintf(out, "I%s(%s%s%s) ", suffix,
			strstr(word, "_malloc,") ? "malloc" : "",
			strstr(word, "_lifetime,") ? "lifetime" : "",
			strstr(word, "_cxx,") ? ",cxx" : "");
	else if (strstr(word, ",/rhp/librheaper-plugin"))
		fprintf(out, "P%s ", suffix);
	else if (strstr(word, ",/rhp/librheaper"))
		fprintf(out, "A%s ", suffix);
	else
		fprintf(out, "?%s ", word);
}

static void describe_word(const char *word, FILE *out)
{
	static const char archives[] = "-Wl,--push-state,--no-whole-archive,";
	static const char exports[] = "-Wl,--wrap=rhp_shims,--export-dynamic-symbol=";
	static const char brings[] = "-Wl,--wrap=rhp_bring_";

	if (strcmp(word, "-fno-omit-frame-pointer") == 0)
		fputs("fp ", out);
	else if (strcmp(word, "-mno-omit-leaf-frame-pointer") == 0)
		fputs("leaf ", out);
	else if (strcmp(word, "-fasynchronous-unwind-tables") == 0)
		fputs("tables ", out);
	else if (strcmp(word, "-g1") == 0)
		fputs("g1 ", out);
	else if (strcmp(word,
			"-Wl,--allow-shlib-undefined,--exclude-libs,librheaper.ar") == 0)
		fputs("gold ", out);
	else if (strcmp(word, "-Wl,--eh-frame-hdr") == 0)
		fputs("eh ", out);
	else if (strncmp(word, exports, strlen(exports)) == 0)
		fputs("x ", out);
	else if (strncmp(word, brings, strlen(brings)) == 0)
		; /* likewise */
	else if (strncmp(word, "-Wl,--wrap=", 11) == 0) {
		describe_wraps(word, out);
		fputc(' ', out);
	} else if (strncmp(word, archives, strlen(archives)) == 0)
		describe_archives(word, out);
	else if (strncmp(word, "/rhp/librheaper", 15) == 0)
		fprintf(out, "by name%.*s ", (int)strlen(word) - 17, word + 15);
	else if (strncmp(word, "-Wl,-u,__wrap_malloc", 20) != 0 &&
		 strcmp(word, "-Wl,--no-as-needed") != 0 &&
		 strncmp(word, "-Wl,--build-id", 14) != 0) /* of all links alike */
		fprintf(out, "?%s ", word);
}

static void describe(const struct words *list, FILE *out)
{
	for (size_t i = 0; i < list->n; i++)
		describe_word(list->word[i], out);
}

/* "a b |  | " and "a b | | " mean the same. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++)
		if (*at != ' ' || (to > text && to[-1] != ' '))
			*to++ = *at;
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static char *gained(const struct cmdline *c, enum cmd_capture capture)
{
	const struct cmd_inject inject = {.capture = capture, .archive_dir = "/rhp"};
	struct words compile = {0}, before = {0}, after = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cmdline_inject(c, &inject, &compile, &before, &after);
	describe(&compile, out);
	fputs(" | ", out);
	describe(&before, out);
	fputs(" | ", out);
	describe(&after, out);
	fclose(out);
	words_fini(&compile);
	words_fini(&before);
	words_fini(&after);
	squeeze(text);
	return text;
}

static void row_is_judged(void **state)
{
	const struct row *row = *state;
	enum cmd_capture capture =
		strcmp(row->driver, "link") ? CAPTURE_PROCESS : CAPTURE_LINK;
	int zig = strncmp(row->driver, "zig", 3) == 0;
	struct cmd_driver driver = {.own_linker = zig,
				    .own_libraries = zig,
				    .cxx = strstr(row->driver, "++") != NULL,
				    .plugins = strcmp(row->driver, "plugin") == 0};
	struct words words = {0};
	struct cmdline c;
	char *got, *want = strdup(row->gained);

	if (strchr(row->driver, '-'))
		driver.target = row->driver;
	words_add_split(&words, row->words);
	cmdline_classify(&words, &driver, &c);
	assert_string_equal(cmdline_kind_name(c.kind), cmdline_kind_name(row->kind));
	if (!strstr(c.reason, row->reason))
		assert_string_equal(c.reason, row->reason);
	got = gained(&c, capture);
	squeeze(want);
	assert_string_equal(got, want);
	free(got);
	free(want);
	cmdline_fini(&c);
	words_fini(&words);
}

/* The text of the file that a word names; the word goes. */
static char *text_of_file(struct words *words)
{
	static const char name[] = "-Wl,-u,@";
	char *last = words->word[words->n - 1], *text = NULL;
	size_t size = 0;
	FILE *in;

	assert_int_equal(strncmp(last, name, strlen(name)), 0);
	in = fopen(last + strlen(name), "r");
	assert_non_null(in);
	assert_true(getdelim(&text, &size, '\0', in) > 0);
	fclose(in);
	free(last);
	words->word[--words->n] = NULL;
	return text;
}

static void the_linker_reads_from_a_file_what_its_compiler_refuses(void **state)
{
	struct words before = {0}, after = {0};
	char *file, *rest;

	(void)state;
	words_add(&before, "/rhp/librheaper.a");
	words_add(&before, "-Wl,--build-id=fast");
	words_add(&before, "-Wl,--wrap=malloc,--wrap=free");
	words_add(&before, "-Wl,-u,__wrap_malloc,-u,__wrap_execve");
	words_add(&after, "-Xlinker");
	words_add(&after, "/a, b/it's.ar");
	words_add(&after, "-Wl,--pop-state");
	linker_file_move(&before, &after);
	file = text_of_file(&before);
	rest = words_quote(&before);
	assert_string_equal(rest, "/rhp/librheaper.a -Wl,--build-id=fast "
				  "-Wl,-u,__wrap_malloc,-u,__wrap_execve");
	assert_string_equal(file, "__wrap_malloc\n--wrap=malloc\n--wrap=free\n"
				  "/a,\\ b/it\\'s.ar\n--pop-state\n");
	assert_int_equal(after.n, 0);
	free(rest);
	free(file);
	words_fini(&before);
}

static void a_command_that_links_nothing_needs_no_file(void **state)
{
	struct words before = {0}, after = {0};

	(void)state;
	linker_file_move(&before, &after);
	assert_int_equal(before.n + after.n, 0);
}

static void words_with_commas_go_by_xlinker(void **state)
{
	const struct cmd_inject inject = {.archive_dir = "/a,b"};
	const struct cmd_driver driver = {0};
	struct words words = {0}, none = {0}, before = {0}, after = {0};
	struct cmdline c;

	(void)state;
	words_add(&words, "a.o");
	cmdline_classify(&words, &driver, &c);
	cmdline_inject(&c, &inject, &none, &before, &after);
	assert_string_equal(after.word[0], "-Xlinker");
	assert_string_equal(after.word[1], "--push-state");
	assert_string_equal(after.word[5], "/a,b/librheaper.ar");
	cmdline_fini(&c);
	words_fini(&words);
	words_fini(&before);
	words_fini(&after);
}

static void pull_all_names_every_wrapped_symbol(void **state)
{
	const struct cmd_inject inject = {.archive_dir = "/rhp", .pull_all = 1};
	const struct cmd_driver driver = {.cxx = 1};
	struct words words = {0}, none = {0}, before = {0}, after = {0};
	struct cmdline c;

	(void)state;
	words_add(&words, "a.o");
	cmdline_classify(&words, &driver, &c);
	cmdline_inject(&c, &inject, &none, &before, &after);
	/* Its own words may name another build-id, or none: the last one counts */
	assert_string_equal(before.word[0], "-Wl,--build-id");
	assert_non_null(strstr(before.word[2], ",-u,__wrap_dlclose"));
	assert_non_null(strstr(before.word[2], ",-u,__wrap__ZdaPvm"));
	assert_non_null(strstr(before.word[2], ",-u,__wrap_strdup"));
	assert_null(strstr(before.word[2], "__wrap_asprintf"));
	cmdline_fini(&c);
	words_fini(&words);
	words_fini(&before);
	words_fini(&after);
}

static char *with_shims(const char *text)
{
	const struct cmd_inject inject = {.declared_archive = "D"};
	const struct cmd_driver driver = {0};
	struct words words = {0}, out = {0};
	struct cmdline c;
	char *joined;

	words_add_split(&words, text);
	cmdline_classify(&words, &driver, &c);
	cmdline_inject_declared(&c, &inject, &words, &out);
	joined = words_quote(&out);
	cmdline_fini(&c);
	words_fini(&words);
	words_fini(&out);
	return joined;
}

/* A shim of a declared function stands before every library, and between no option
 * and its value. */
static void shims_come_before_libraries(void **state)
{
#define D "-Wl,--push-state,--no-whole-archive,D,--pop-state "
	static const char *const orders[][2] = {
		{"a.c -o b", "a.c -o b"},
		{"a.o libx.a b.o -ly", "a.o " D "libx.a b.o " D "-ly"},
		{"a.o -l y /l/x.so.2 -o x.a", "a.o " D "-l y " D "/l/x.so.2 -o x.a"},
		{"a.o -Xlinker -lx", "a.o " D "-Xlinker -lx"},
		{"a.o -Wl,-Bstatic,-lx,-ly -z now",
		 "a.o " D "-Wl,-Bstatic,-lx,-ly -z now"},
		{"a.o -Wl,-rpath -Wl,/l/x.so -lz", "a.o -Wl,-rpath -Wl,/l/x.so " D "-lz"},
		{"a.o -Wl,x.a -L libz.a", "a.o " D "-Wl,x.a -L libz.a"},
		{"a.o x.rlib", "a.o " D "x.rlib"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		char *got = with_shims(orders[i][0]);

		assert_string_equal(got, orders[i][1]);
		free(got);
	}
}

static void quoted_words_are_read_back_by_a_shell(void **state)
{
	struct words words = {0};
	char *text;

	(void)state;
	words_add(&words, "-DX=\"a b\"");
	words_add(&words, "it's");
	words_add(&words, "");
	words_add(&words, "-Wl,-rpath,$ORIGIN");
	text = words_quote(&words);
	assert_string_equal(text, "'-DX=\"a b\"' 'it'\\''s' '' '-Wl,-rpath,$ORIGIN'");
	free(text);
	words_fini(&words);
}

int main(void)
{
	static char names[N_ROWS][128];
	static struct CMUnitTest tests[N_ROWS + 6] = {
		cmocka_unit_test(words_with_commas_go_by_xlinker),
		cmocka_unit_test(pull_all_names_every_wrapped_symbol),
		cmocka_unit_test(quoted_words_are_read_back_by_a_shell),
		cmocka_unit_test(shims_come_before_libraries),
		cmocka_unit_test(the_linker_reads_from_a_file_what_its_compiler_refuses),
		cmocka_unit_test(a_command_that_links_nothing_needs_no_file),
	};

	for (size_t i = 0; i < N_ROWS; i++) {
		struct CMUnitTest *test = &tests[6 + i];

		snprintf(names[i], sizeof(names[i]), "%s %s", rows[i].driver,
			 rows[i].words);
		test->name = names[i];
		test->test_func = row_is_judged;
		test->initial_state = (void *)(uintptr_t)&rows[i];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
