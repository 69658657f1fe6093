/* SPDX-License-Identifier: MIT */
/*
 * One row per option that takes its value from the next word (a missing row
 * makes us take that value for an input) or that changes what a command is.
 * All others need no row. A wrong row can only misjudge a command, never break
 * it: the user's words are passed on as they are.
 */
#include <string.h>

#include "common/path.h"

#include "rheaper-cc/options.h"

#define EITHER (NEXT | JOINED)

const struct option driver_options[] = {
	{"-cc1", ALONE, INNER},
	{"-cc1as", ALONE, INNER},
	{"-fc1", ALONE, INNER},
	{"--", ALONE, FILES},

	/* Questions */
	{"--version", ALONE, QUERY},
	{"-version", ALONE, QUERY},
	{"-qversion", ALONE, QUERY},
	{"--help", ALONE | JOINED, QUERY},
	{"-help", ALONE, QUERY},
	{"--target-help", ALONE, QUERY},
	{"-dump", JOINED, QUERY},
	{"-print-", JOINED, QUERY},
	{"--print-", JOINED, QUERY},
	{"-###", ALONE, QUERY},

	/* Where it stops */
	{"-c", ALONE, STOP},
	{"--compile", ALONE, STOP},
	{"-S", ALONE, STOP},
	{"--assemble", ALONE, STOP},
	{"-E", ALONE, NO_CODE},
	{"--preprocess", ALONE, NO_CODE},
	{"-M", ALONE, NO_CODE},
	{"--dependencies", ALONE, NO_CODE},
	{"-MM", ALONE, NO_CODE},
	{"--user-dependencies", ALONE, NO_CODE},
	{"-fsyntax-only", ALONE, NO_CODE},
	{"--analyze", ALONE, NO_CODE},
	{"-emit-ast", ALONE, NO_CODE},
	{"-emit-interface-stubs", ALONE, NO_CODE},
	{"-fmodule-only", ALONE, NO_CODE},
	{"-module-file-info", ALONE, NO_CODE},
	{"--precompile", ALONE, NO_CODE},
	{"-verify-pch", ALONE, NO_CODE},

	/* What it links */
	{"-r", ALONE, PARTIAL},
	{"--relocatable", ALONE, PARTIAL},
	{"-shared", ALONE, SHARED},
	{"--shared", ALONE, SHARED},
	{"-qmkshrobj", ALONE, SHARED},
	{"-dynamiclib", ALONE, SHARED},
	{"-bundle", ALONE, SHARED},
	{"-G", ALONE, UNSURE},
	{"-static", ALONE, STATIC},
	{"-dynamic", ALONE, DYNAMIC},
	{"--static", ALONE, STATIC},
	{"-static-pie", ALONE, STATIC},
	{"--static-pie", ALONE, STATIC},
	{"-nostdlib", ALONE, NOSTDLIB},
	{"--no-standard-libraries", ALONE, NOSTDLIB},
	{"-nostartfiles", ALONE, NOSTART},
	{"-nostdlib++", ALONE, NOCXXLIB},
	{"-nodefaultlibs", ALONE, NOCXXLIB},
	{"-ffreestanding", ALONE, FREESTANDING},
	{"-fno-hosted", ALONE, FREESTANDING},
	{"-mkernel", ALONE, FREESTANDING},
	{"-T", EITHER, SCRIPT},
	{"-l", EITHER, LIBRARY},
	{"-static-libstdc++", ALONE, CXXSTATIC},
	{"-fuse-ld=", JOINED, LINKER},
	{"--ld-path=", JOINED, LINKER},
	{"-Wl,", JOINED, LD_LIST},
	{"-Xlinker", NEXT, LD_WORD},
	{"--for-linker", NEXT, LD_WORD},
	{"--for-linker=", JOINED, LD_WORD},
	{"-fsanitize=", JOINED, SANITIZE},
	{"-fno-sanitize=", JOINED, NO_SANITIZE},

	/* What it compiles, and for what */
	{"-x", EITHER, LANGUAGE},
	{"--language", NEXT, LANGUAGE},
	{"--language=", JOINED, LANGUAGE},
	{"--driver-mode=", JOINED, MODE},
	{"-D", EITHER, MACRO},
	{"--define-macro", NEXT, MACRO},
	{"--define-macro=", JOINED, MACRO},
	{"-target", NEXT, TARGET},
	{"--target", NEXT, TARGET},
	{"--target=", JOINED, TARGET},
	{"-m16", ALONE, ODD_WIDTH},
	{"-m32", ALONE, NARROW},
	{"-mx32", ALONE, ODD_WIDTH},
	{"-m64", ALONE, WIDE},
	{"-mabi=ilp32", ALONE, ODD_WIDTH},
	{"-mabi=lp64", ALONE, WIDE},

	/* Debug information; -gz, -grecord-... and their like ask for none */
	{"-g", ALONE, DEBUG},
	{"-g0", ALONE, DEBUG},
	{"-g1", ALONE, DEBUG},
	{"-g2", ALONE, DEBUG},
	{"-g3", ALONE, DEBUG},
	{"--debug", ALONE, DEBUG},
	{"--debug=", JOINED, DEBUG},
	{"-gbtf", ALONE, DEBUG},
	{"-gcodeview", ALONE, DEBUG},
	{"-gcoff", ALONE | JOINED, DEBUG},
	{"-gctf", ALONE | JOINED, DEBUG},
	{"-gdbx", ALONE | JOINED, DEBUG},
	{"-gdwarf", ALONE | JOINED, DEBUG},
	{"-gdwarf32", ALONE, NOTHING},
	{"-gdwarf64", ALONE, NOTHING},
	{"-gdwarf-aranges", ALONE, NOTHING},
	{"-gfull", ALONE, DEBUG},
	{"-ggdb", ALONE | JOINED, DEBUG},
	{"-gline-tables-only", ALONE, DEBUG},
	{"-gline-directives-only", ALONE, DEBUG},
	{"-glldb", ALONE, DEBUG},
	{"-gmlt", ALONE, DEBUG},
	{"-gmodules", ALONE, DEBUG},
	{"-gsce", ALONE, DEBUG},
	{"-gsplit-dwarf", ALONE | JOINED, DEBUG},
	{"-gstabs", ALONE | JOINED, DEBUG},
	{"-gused", ALONE, DEBUG},
	{"-gvms", ALONE | JOINED, DEBUG},
	{"-gxcoff", ALONE | JOINED, DEBUG},

	/* Takes the next word, and that is all */
	{"-A", EITHER, NOTHING},
	{"-B", EITHER, NOTHING},
	{"-F", EITHER, NOTHING},
	{"-I", EITHER, NOTHING},
	{"-J", EITHER, NOTHING},
	{"-L", EITHER, NOTHING},
	{"-R", EITHER, NOTHING},
	{"-U", EITHER, NOTHING},
	{"-b", EITHER, NOTHING},
	{"-e", EITHER, NOTHING},
	{"-h", EITHER, NOTHING},
	{"-o", EITHER, NOTHING},
	{"-u", EITHER, NOTHING},
	{"-z", EITHER, NOTHING},
	{"-MF", EITHER, NOTHING},
	{"-MJ", EITHER, NOTHING},
	{"-MQ", EITHER, NOTHING},
	{"-MT", EITHER, NOTHING},
	{"-Xanalyzer", NEXT, NOTHING},
	{"-Xarch_", AFTER, NOTHING},
	{"-Xassembler", NEXT, NOTHING},
	{"-Xclang", NEXT, NOTHING},
	{"-Xcompiler", NEXT, NOTHING},
	{"-Xcuda-fatbinary", NEXT, NOTHING},
	{"-Xcuda-ptxas", NEXT, NOTHING},
	{"-Xopenmp-target", NEXT | AFTER, NOTHING},
	{"-Xpreprocessor", NEXT, NOTHING},
	{"--assert", NEXT, NOTHING},
	{"--config", NEXT, NOTHING},
	{"--dumpbase", NEXT, NOTHING},
	{"--dumpdir", NEXT, NOTHING},
	{"--entry", NEXT, NOTHING},
	{"--for-assembler", NEXT, NOTHING},
	{"--force-link", NEXT, NOTHING},
	{"--imacros", NEXT, NOTHING},
	{"--include", NEXT, NOTHING},
	{"--include-directory", NEXT, NOTHING},
	{"--include-directory-after", NEXT, NOTHING},
	{"--include-prefix", NEXT, NOTHING},
	{"--include-with-prefix", NEXT, NOTHING},
	{"--include-with-prefix-after", NEXT, NOTHING},
	{"--include-with-prefix-before", NEXT, NOTHING},
	{"--library-directory", NEXT, NOTHING},
	{"--output", NEXT, NOTHING},
	{"--output-pch", NEXT, NOTHING},
	{"--param", NEXT, NOTHING},
	{"--prefix", NEXT, NOTHING},
	{"--serialize-diagnostics", NEXT, NOTHING},
	{"--specs", NEXT, NOTHING},
	{"--sysroot", NEXT, NOTHING},
	{"--undefine-macro", NEXT, NOTHING},
	{"-arch", NEXT, NOTHING},
	{"-aux-info", NEXT, NOTHING},
	{"-c-isystem", NEXT, NOTHING},
	{"-compatibility_version", NEXT, NOTHING},
	{"-current_version", NEXT, NOTHING},
	{"-cxx-isystem", NEXT, NOTHING},
	{"-dumpbase", NEXT, NOTHING},
	{"-dumpbase-ext", NEXT, NOTHING},
	{"-dumpdir", NEXT, NOTHING},
	{"-exported_symbols_list", NEXT, NOTHING},
	{"-fintrinsic-modules-path", NEXT, NOTHING},
	{"-framework", NEXT, NOTHING},
	{"-gcc-toolchain", NEXT, NOTHING},
	{"-idirafter", EITHER, NOTHING},
	{"-iframework", EITHER, NOTHING},
	{"-imacros", EITHER, NOTHING},
	{"-imultiarch", NEXT, NOTHING},
	{"-imultilib", NEXT, NOTHING},
	{"-include", EITHER, NOTHING},
	{"-include-pch", NEXT, NOTHING},
	{"-index-store-path", NEXT, NOTHING},
	{"-index-unit-output-path", NEXT, NOTHING},
	{"-install_name", NEXT, NOTHING},
	{"-iprefix", EITHER, NOTHING},
	{"-iquote", EITHER, NOTHING},
	{"-isysroot", EITHER, NOTHING},
	{"-isystem", EITHER, NOTHING},
	{"-ivfsoverlay", EITHER, NOTHING},
	{"-iwithprefix", EITHER, NOTHING},
	{"-iwithprefixbefore", EITHER, NOTHING},
	{"-main-file-name", NEXT, NOTHING},
	{"-mllvm", NEXT, NOTHING},
	{"-resource-dir", NEXT, NOTHING},
	{"-rpath", NEXT, NOTHING},
	{"-serialize-diagnostics", NEXT, NOTHING},
	{"-specs", NEXT, NOTHING},
	{"-working-directory", NEXT, NOTHING},
	{"-wrapper", NEXT, NOTHING},
	{NULL, 0, NOTHING},
};

/* The linker takes most long options with one dash or two. */
const struct option linker_options[] = {
	{"-r", ALONE, PARTIAL},
	{"-i", ALONE, PARTIAL},
	{"-Ur", ALONE, PARTIAL},
	{"-relocatable", ALONE, PARTIAL},
	{"--relocatable", ALONE, PARTIAL},
	{"-shared", ALONE, SHARED},
	{"--shared", ALONE, SHARED},
	{"-Bshareable", ALONE, SHARED},
	{"--Bshareable", ALONE, SHARED},
	{"-T", EITHER, SCRIPT},
	{"-Ttext-segment", NEXT, NOTHING},
	{"-Ttext-segment=", JOINED, NOTHING},
	{"-script", NEXT, SCRIPT},
	{"--script", NEXT, SCRIPT},
	{"--script=", JOINED, SCRIPT},
	{"-wrap", NEXT, WRAP},
	{"--wrap", NEXT, WRAP},
	{"-wrap=", JOINED, WRAP},
	{"--wrap=", JOINED, WRAP},
	{"-oformat", NEXT, OFORMAT},
	{"--oformat", NEXT, OFORMAT},
	{"-oformat=", JOINED, OFORMAT},
	{"--oformat=", JOINED, OFORMAT},
	{"-b", EITHER, IFORMAT},
	{"--format", NEXT, IFORMAT},
	{"--format=", JOINED, IFORMAT},
	{"-l", EITHER, LIBRARY},
	{"-A", NEXT, NOTHING},
	{"-I", NEXT, NOTHING},
	{"-L", NEXT, NOTHING},
	{"-Map", NEXT, NOTHING},
	{"--Map", NEXT, NOTHING},
	{"-Y", NEXT, NOTHING},
	{"-defsym", NEXT, NOTHING},
	{"--defsym", NEXT, NOTHING},
	{"-dynamic-linker", NEXT, NOTHING},
	{"--dynamic-linker", NEXT, NOTHING},
	{"--dynamic-list", NEXT, NOTHING},
	{"-e", NEXT, NOTHING},
	{"--entry", NEXT, NOTHING},
	{"--exclude-libs", NEXT, NOTHING},
	{"-fini", NEXT, NOTHING},
	{"-h", NEXT, NOTHING},
	{"-init", NEXT, NOTHING},
	{"-m", NEXT, NOTHING},
	{"-o", NEXT, NOTHING},
	{"-plugin", NEXT, NOTHING},
	{"-plugin-opt", NEXT, NOTHING},
	{"-rpath", NEXT, NOTHING},
	{"--rpath", NEXT, NOTHING},
	{"-rpath-link", NEXT, NOTHING},
	{"--rpath-link", NEXT, NOTHING},
	{"-soname", NEXT, NOTHING},
	{"--soname", NEXT, NOTHING},
	{"--section-start", NEXT, NOTHING},
	{"-u", NEXT, NOTHING},
	{"--undefined", NEXT, NOTHING},
	{"-version-script", NEXT, NOTHING},
	{"--version-script", NEXT, NOTHING},
	{"-y", NEXT, NOTHING},
	{"-z", NEXT, NOTHING},
	{NULL, 0, NOTHING},
};

const struct option *option_find(const struct option *table, const char *word,
				 const char **value, int *takes_next)
{
	const struct option *best = NULL;
	size_t best_length = 0;

	*value = NULL;
	*takes_next = 0;
	for (const struct option *row = table; row->name; row++) {
		size_t length = strlen(row->name);

		if (strncmp(word, row->name, length) != 0)
			continue;
		if (word[length] == '\0' && (row->form & (ALONE | NEXT))) {
			*takes_next = (row->form & NEXT) != 0;
			return row;
		}
		if (word[length] && (row->form & (JOINED | AFTER)) &&
		    length > best_length) {
			best = row;
			best_length = length;
		}
	}
	if (!best)
		return NULL;
	if (best->form & AFTER)
		*takes_next = 1;
	else
		*value = word + best_length;
	return best;
}

static int in_list(const char *list, const char *extension)
{
	size_t length = strlen(extension);

	if (strchr(extension, ' '))
		return 0;
	for (const char *at = list; (at = strstr(at, extension)); at += length)
		if (at[-1] == ' ' && at[length] == ' ')
			return 1;
	return 0;
}

enum effect option_input(const char *name)
{
	static const char sources[] =
		" c i m mi mm mii M cc cp cxx cpp CPP c++ C ii cu cppm "
		"ixx ccm cxxm c++m pcm f for ftn F FOR FTN fpp FPP f90 f95 f03 f08 F90 "
		"F95 "
		"F03 F08 adb ads go d rs ";
	static const char headers[] = " h hh H hp hxx hpp HPP h++ tcc ";
	static const char assembler[] = " s S sx asm ";
	const char *dot = strrchr(path_base(name), '.');

	if (!dot || !dot[1])
		return OBJECT;
	if (in_list(sources, dot + 1))
		return SOURCE;
	if (in_list(headers, dot + 1))
		return HEADER;
	return in_list(assembler, dot + 1) ? ASSEMBLER : OBJECT;
}
