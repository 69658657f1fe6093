// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "contract/format.h"

#include "database/terms.h"

static_assert((int)N_LEAK_KINDS == (int)RHP_N_LEAK_KINDS &&
		      (int)LEAK_REACHABLE == (int)RHP_LEAK_REACHABLE,
	      "the trace numbers kinds of leaks the same");

const char *const process_ending_names[N_PROCESS_ENDINGS] = {
	[ENDING_UNKNOWN] = "unknown",   [ENDING_EXITED] = "exited",
	[ENDING_STOPPED] = "stopped",   [ENDING_SNAPSHOT] = "snapshot",
	[ENDING_EXECUTED] = "executed", [ENDING_FULL] = "full",
	[ENDING_FAILED] = "failed",
};

const char *const module_symbols_names[N_MODULE_SYMBOLS] = {
	[MODULE_FOUND] = "found",       [MODULE_NO_FILE] = "no file",
	[MODULE_NOT_ELF] = "not ELF",   [MODULE_OTHER_BUILD] = "other build",
	[MODULE_NEWER] = "newer",       [MODULE_UNREADABLE] = "unreadable",
	[MODULE_NOT_ASKED] = "unknown",
};

const char *const leak_kind_names[N_LEAK_KINDS] = {
	[LEAK_UNKNOWN] = "not scanned",       [LEAK_DEFINITE] = "definitely lost",
	[LEAK_INDIRECT] = "indirectly lost",  [LEAK_POSSIBLE] = "possibly lost",
	[LEAK_REACHABLE] = "still reachable",
};

enum process_ending process_ending_find(const char *name)
{
	int i = 0;

	while (i < N_PROCESS_ENDINGS && strcmp(name, process_ending_names[i]) != 0)
		i++;
	return (enum process_ending)i;
}

enum module_symbols module_symbols_find(const char *name)
{
	int i = 0;

	while (name && i < MODULE_NOT_ASKED && strcmp(name, module_symbols_names[i]) != 0)
		i++;
	return name ? (enum module_symbols)i : MODULE_NOT_ASKED;
}

struct module_gap module_find_gap(enum module_symbols symbols, bool has_functions)
{
	if (symbols == MODULE_UNREADABLE)
		return (struct module_gap){
			"source lines: its debug information is compressed in a way that "
			"the loader's libdw cannot read (zstd needs elfutils 0.189)",
			"decompress it with objcopy --decompress-debug-sections, or link "
			"with -Wl,--compress-debug-sections=zlib"};
	if (has_functions)
		return (struct module_gap){
			"source lines: it was built without debug information",
			"build it with -g"};
	return (struct module_gap){
		"symbols: its functions are shown as offsets",
		"load the trace where the unstripped program is, or its .debug file"};
}
