// SPDX-License-Identifier: MIT
/*
 * A module is opened by itself and where the linker put it, not where a process
 * had it: modules that took each other's place (dlclose, dlopen) then cannot
 * collide. libdw finds separate debug information by build-id or .gnu_debuglink,
 * what dwz moved to an alternate file, and the compressed symbols (.gnu_debugdata)
 * of a stripped module. symbol-files.c says where.
 *
 * DWARF first; a sorted copy of the symbol table where that has nothing, for
 * dwfl_module_addrinfo looks through the whole table each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include "common/array.h"
#include "common/path.h"
#include "symbols/debug-info.h"
#include "symbols/demangle.h"
#include "symbols/split-file.h"
#include "symbols/symbol-files.h"
#include "symbols/tail-calls.h"
#include "symbols/variables.h"

#include "symbols/symbolize.h"

#define MAX_OVERLAP 16
#define MAX_UNSIZED 4096

struct elf_symbol {
	GElf_Addr low, high;
	const char *name;
	bool has_size; /* if not, it ends where the next one begins, too */
	int rank;
};

struct symbols {
	Dwfl_Callbacks callbacks;
	char *search_path;
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf_Addr dwarf_bias;
	struct split_file split;
	struct debug_info *debug_info; /* NULL: none */
	struct tail_calls *tail_calls; /* NULL: not asked for yet */
	struct elf_symbol *table;
	size_t n_table, n_table_max;
	const struct elf_symbol **by_name; /* NULL: not asked for yet */
	Elf *last_elf; /* read_table: what has_whole_table said of it */
	bool last_is_whole;
	bool unreadable;             /* some debug information is */
	struct variables *variables; /* NULL: not asked for yet */
	struct demangled names;
	struct symbol found[SYMBOLS_MAX_INLINED];
	char *paths[SYMBOLS_MAX_INLINED]; /* of found, if they are ours */
	size_t n_found;
};

static bool is_same_build(struct symbols *s, const uint8_t *build_id, size_t size)
{
	const unsigned char *bits;
	GElf_Addr address, bias;
	int n;

	if (size == 0)
		return true;
	if (!dwfl_module_getelf(s->module, &bias))
		return false;
	n = dwfl_module_build_id(s->module, &bits, &address);
	return n > 0 && (size_t)n == size && memcmp(bits, build_id, size) == 0;
}

static int symbol_rank(const GElf_Sym *symbol)
{
	int bind = GELF_ST_BIND(symbol->st_info);
	int rank = bind == STB_GLOBAL ? 2 : bind == STB_WEAK ? 1 : 0;

	return rank + (symbol->st_size ? 4 : 0);
}

/* A label inside a function: the compiler's (.L7, in libc.a for i386), or a mark
 * between code and data ($x, $d.3, everywhere on ARM). */
static bool is_label(const char *name)
{
	return (name[0] == '.' && name[1] == 'L') ||
	       (name[0] == '$' && name[1] && strchr("adtx", name[1]) &&
		(name[2] == '\0' || name[2] == '.'));
}

static bool has_whole_table(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			return true;
	}
	return false;
}

/* How far a symbol without a size may reach: to the end of its section, but not
 * far. Not at all where only exported symbols are left, for then any function may
 * follow. */
static GElf_Addr unsized_limit(struct symbols *s, Elf *elf, const GElf_Sym *symbol,
			       GElf_Addr address, GElf_Word section)
{
	GElf_Shdr header;
	GElf_Addr rest;

	if (elf != s->last_elf) {
		s->last_elf = elf;
		s->last_is_whole = has_whole_table(elf);
	}
	if (!s->last_is_whole || !gelf_getshdr(elf_getscn(elf, section), &header))
		return address;
	rest = header.sh_addr + header.sh_size - symbol->st_value;
	return address + (rest < MAX_UNSIZED ? rest : MAX_UNSIZED);
}

static int add_symbol(struct symbols *s, int index)
{
	GElf_Sym symbol;
	GElf_Addr address;
	GElf_Word section;
	Elf *elf;
	const char *name = dwfl_module_getsym_info(s->module, index, &symbol, &address,
						   &section, &elf, NULL);
	int type = GELF_ST_TYPE(symbol.st_info);

	if (!name || !name[0] || is_label(name) || section == SHN_UNDEF ||
	    section == SHN_ABS ||
	    (type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC))
		return 0;
	address = split_file_address(&s->split, s->module, elf, &symbol, address);
	if (array_grow((void **)&s->table, &s->n_table_max, s->n_table + 1,
		       sizeof(*s->table)))
		return -ENOMEM;
	s->table[s->n_table++] = (struct elf_symbol){
		.low = address,
		.high = symbol.st_size ? address + symbol.st_size
				       : unsized_limit(s, elf, &symbol, address, section),
		.name = name,
		.has_size = symbol.st_size != 0,
		.rank = symbol_rank(&symbol),
	};
	return 0;
}

static int compare_symbols(const void *left, const void *right)
{
	const struct elf_symbol *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(b->name, a->name);
}

static int read_table(struct symbols *s)
{
	int n = dwfl_module_getsymtab(s->module);

	for (int i = 1; i < n; i++) {
		if (add_symbol(s, i))
			return -ENOMEM;
	}
	if (s->n_table)
		qsort(s->table, s->n_table, sizeof(*s->table), compare_symbols);
	return 0;
}

static bool begins_until(const void *symbol, const void *address)
{
	return ((const struct elf_symbol *)symbol)->low <= *(const GElf_Addr *)address;
}

/* The symbol around an address, or NULL. */
static const char *find_in_table(const struct symbols *s, GElf_Addr address)
{
	size_t low = array_lower_bound(s->table, s->n_table, sizeof(*s->table), &address,
				       begins_until);

	for (size_t i = low; i > 0 && low - i < MAX_OVERLAP; i--) {
		const struct elf_symbol *symbol = &s->table[i - 1];

		if (address < symbol->high &&
		    (symbol->has_size || symbol->low == s->table[low - 1].low))
			return symbol->name;
	}
	return NULL;
}

/* Make a file the module, if it is one and of the right build; takes fd. */
static int use_file(struct symbols *s, int fd, const char *name, const uint8_t *build_id,
		    size_t build_id_size)
{
	s->dwfl = dwfl_begin(&s->callbacks);
	if (!s->dwfl) {
		close(fd);
		return -ENOMEM;
	}
	s->module = dwfl_report_elf(s->dwfl, name, name, fd, 0, true);
	if (!s->module) {
		close(fd);
		return SYMBOLS_NOT_ELF;
	}
	dwfl_report_end(s->dwfl, NULL, NULL);
	return is_same_build(s, build_id, build_id_size) ? 0 : SYMBOLS_OTHER_BUILD;
}

/* Whether a file has more than what is exported: a copy of a program that was stripped
 * when it ran may have less than what lies elsewhere. */
static bool is_whole(struct symbols *s)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(s->module, &bias);

	return elf && has_whole_table(elf);
}

/* The first file that fits. If none does, what was wrong with the module itself. */
static int find_file(struct symbols *s, const struct symbol_settings *settings,
		     const char *path, const uint8_t *build_id, size_t build_id_size)
{
	int problem = SYMBOLS_NO_FILE;

	for (size_t i = 0;; i++) {
		char *name;
		int fd;
		int result = symbol_files_open(settings, path, build_id, build_id_size, i,
					       &fd, &name);

		if (result > 0)
			return problem;
		if (result == -ENOMEM)
			return result;
		if (result)
			continue;
		result = use_file(s, fd, name, build_id, build_id_size);
		free(name);
		if (result < 0 || (result == 0 && (i > 0 || is_whole(s))))
			return result;
		if (i == SYMBOL_FILES_MODULE)
			problem = result;
		dwfl_end(s->dwfl);
		s->dwfl = NULL;
	}
}

/* Whether libelf fails to decompress a section that names and lines need. */
static bool has_unreadable(Elf *elf)
{
	static const char *const needed[] = {".debug_info", ".debug_abbrev",
					     ".debug_line", ".debug_str",
					     ".debug_line_str"};
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) ||
		    !(header.sh_flags & SHF_COMPRESSED))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		for (size_t i = 0; name && i < sizeof(needed) / sizeof(*needed); i++) {
			if (strcmp(name, needed[i]) == 0 &&
			    elf_compress(section, 0, 0) < 0)
				return true;
		}
	}
	return false;
}

/* The same of a file with separate debug information, which libdw has closed. */
static bool file_has_unreadable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	bool unreadable = elf && has_unreadable(elf);

	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return unreadable;
}

static bool find_unreadable(struct symbols *s, Dwarf *dwarf)
{
	const char *debug_file = NULL;
	GElf_Addr bias;
	Elf *elf = dwarf ? dwarf_getelf(dwarf) : dwfl_module_getelf(s->module, &bias);

	if (elf && has_unreadable(elf))
		return true;
	dwfl_module_info(s->module, NULL, NULL, NULL, NULL, NULL, NULL, &debug_file);
	return !dwarf && debug_file && file_has_unreadable(debug_file);
}

static int load_module(struct symbols *s, const struct symbol_settings *settings,
		       const char *path, const uint8_t *build_id, size_t build_id_size)
{
	Dwarf *dwarf;
	int problem;

	s->search_path = symbol_files_search_path(settings);
	if (!s->search_path)
		return -ENOMEM;
	s->callbacks = (Dwfl_Callbacks){
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &s->search_path,
	};
	problem = find_file(s, settings, path, build_id, build_id_size);
	if (problem)
		return problem;
	dwarf = dwfl_module_getdwarf(s->module, &s->dwarf_bias);
	if (dwarf) {
		s->dwarf_bias = split_file_bias(&s->split, s->module, dwarf_getelf(dwarf),
						s->dwarf_bias);
		s->debug_info = debug_info_new(dwarf);
		if (!s->debug_info)
			return -ENOMEM;
	}
	s->unreadable = find_unreadable(s, dwarf);
	return read_table(s);
}

bool symbols_are_unreadable(const struct symbols *s)
{
	return s->unreadable;
}

int symbols_open(struct symbols **result, const struct symbol_settings *settings,
		 const char *path, const uint8_t *build_id, size_t build_id_size)
{
	struct symbols *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return -ENOMEM;
	error = load_module(s, settings, path, build_id, build_id_size);
	if (error) {
		symbols_close(s);
		return error;
	}
	*result = s;
	return 0;
}

static void forget_found(struct symbols *s)
{
	for (size_t i = 0; i < s->n_found; i++)
		free(s->paths[i]);
	s->n_found = 0;
}

void symbols_close(struct symbols *s)
{
	if (!s)
		return;
	forget_found(s);
	demangled_fini(&s->names);
	tail_calls_free(s->tail_calls);
	variables_free(s->variables);
	debug_info_free(s->debug_info);
	free(s->by_name);
	free(s->table);
	if (s->dwfl)
		dwfl_end(s->dwfl);
	free(s->search_path);
	free(s);
}

/* The file's whole path; *owned, for the caller to free, if it had to be made. */
static const char *join_path(const char *directory, const char *file, char **owned)
{
	*owned = NULL;
	if (!file || file[0] == '/' || !directory)
		return file;
	if (strncmp(file, "./", 2) == 0)
		file += 2;
	if (asprintf(owned, "%s/%s", directory, file) < 0)
		*owned = NULL;
	return *owned;
}

/* The best name: the linkage name has parameters and namespaces; so has the
 * symbol table's, if it is of this function and not of one inlined into it. */
static const char *best_name(const struct debug_frame *frame, const char *symbol)
{
	if (frame->linkage_name)
		return frame->linkage_name;
	if (symbol && (!frame->name || strncmp(symbol, "_Z", 2) == 0 ||
		       strncmp(symbol, "_R", 2) == 0))
		return symbol;
	return frame->name;
}

/* What debug information calls it by itself: "", if that has lines and no name. */
static const char *given_name(const struct debug_frame *frame)
{
	return frame->file && !frame->name ? "" : frame->name;
}

size_t symbols_find(struct symbols *s, uint64_t address, const struct symbol **found)
{
	struct debug_frame frames[SYMBOLS_MAX_INLINED] = {0};
	const char *symbol = find_in_table(s, address);
	size_t n = 0;

	forget_found(s);
	if (s->debug_info)
		n = debug_info_find(s->debug_info, address - s->dwarf_bias, frames,
				    SYMBOLS_MAX_INLINED);
	if (n == 0 && symbol)
		n = 1;
	for (size_t i = 0; i < n; i++) {
		const char *name = best_name(&frames[i], i == n - 1 ? symbol : NULL);

		s->found[i].name =
			name ? demangled_get(&s->names, name, given_name(&frames[i]))
			     : NULL;
		s->found[i].file =
			join_path(frames[i].directory, frames[i].file, &s->paths[i]);
		s->found[i].line = frames[i].line;
	}
	s->n_found = n;
	*found = s->found;
	return n;
}

static int compare_names(const void *left, const void *right)
{
	const struct elf_symbol *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order ? order : *a < *b ? -1 : *a > *b;
}

static bool is_before_name(const void *symbol, const void *name)
{
	return strcmp((*(const struct elf_symbol *const *)symbol)->name, name) < 0;
}

static bool sort_names(struct symbols *s)
{
	if (s->by_name)
		return true;
	s->by_name = calloc(s->n_table + 1, sizeof(*s->by_name));
	if (!s->by_name)
		return false;
	for (size_t i = 0; i < s->n_table; i++)
		s->by_name[i] = &s->table[i];
	qsort(s->by_name, s->n_table, sizeof(*s->by_name), compare_names);
	return true;
}

static bool is_in_unit_of(Dwarf_Die *a, Dwarf_Die *b)
{
	Dwarf_Die a_unit, b_unit;

	return dwarf_diecu(a, &a_unit, NULL, NULL) &&
	       dwarf_diecu(b, &b_unit, NULL, NULL) &&
	       dwarf_dieoffset(&a_unit) == dwarf_dieoffset(&b_unit);
}

/* The one symbol of a name; of several (of static functions) the one of the same unit. */
static bool find_by_name(void *context, const char *name, Dwarf_Die *declared,
			 Dwarf_Die *function)
{
	struct symbols *s = context;
	size_t n_found = 0, n_near = 0;
	Dwarf_Die found;

	if (!sort_names(s))
		return false;
	for (size_t i = array_lower_bound(s->by_name, s->n_table, sizeof(*s->by_name),
					  name, is_before_name);
	     i < s->n_table && strcmp(s->by_name[i]->name, name) == 0; i++) {
		Dwarf_Addr low = s->by_name[i]->low - s->dwarf_bias;

		if (!debug_info_function(s->debug_info, low, &found))
			continue;
		n_found++;
		if (is_in_unit_of(&found, declared))
			n_near++;
		else if (n_near)
			continue;
		*function = found;
	}
	return n_near == 1 || (n_near == 0 && n_found == 1);
}

size_t symbols_find_jumps(struct symbols *s, uint64_t call, uint64_t entered,
			  const char *name, uint64_t jumps[SYMBOLS_MAX_JUMPS])
{
	struct tail_calls_target target = {.has_function = entered != 0, .name = name};
	size_t n;

	_Static_assert(SYMBOLS_MAX_JUMPS == TAIL_CALLS_MAX, "one array is the other");
	if (!s->debug_info)
		return 0;
	if (!s->tail_calls)
		s->tail_calls = tail_calls_new(s->debug_info, find_by_name, s);
	if (!s->tail_calls ||
	    (entered && !debug_info_function(s->debug_info, entered - s->dwarf_bias,
					     &target.function)))
		return 0;
	n = tail_calls_find(s->tail_calls, call - s->dwarf_bias, &target, jumps);
	for (size_t i = 0; i < n; i++)
		jumps[i] += s->dwarf_bias;
	return n;
}

static int read_variables(struct symbols *s)
{
	Dwarf_Addr bias;

	if (!s->variables)
		s->variables = variables_new(
			s->module,
			s->debug_info ? dwfl_module_getdwarf(s->module, &bias) : NULL,
			s->dwarf_bias);
	return s->variables ? 0 : -ENOMEM;
}

static int describe_variable(struct symbols *s, const struct variable *variable,
			     struct symbols_variable *found)
{
	char *owned;
	const char *file;

	if (!variable)
		return 0;
	file = join_path(variable->directory, variable->file, &owned);
	*found = (struct symbols_variable){
		.name = demangled_get(&s->names, variable->name, NULL),
		.file = owned || !file ? owned : strdup(file),
		.line = variable->line,
		.address = variable->address,
		.size = variable->size,
	};
	return file && !found->file ? -ENOMEM : 1;
}

int symbols_find_variable(struct symbols *s, uint64_t address,
			  struct symbols_variable *found)
{
	int error = read_variables(s);

	return error ? error
		     : describe_variable(s, variables_find(s->variables, address), found);
}

int symbols_find_thread_local(struct symbols *s, int64_t distance,
			      struct symbols_variable *found)
{
	int error = read_variables(s);

	return error ? error
		     : describe_variable(
			       s, variables_find_thread_local(s->variables, distance),
			       found);
}

void symbol_format_offset(const char *path, uint64_t address, char *name, size_t size)
{
	if (!path) {
		snprintf(name, size, "0x%llx", (unsigned long long)address);
		return;
	}
	snprintf(name, size, "%.200s+0x%llx", path_base(path),
		 (unsigned long long)address);
}
