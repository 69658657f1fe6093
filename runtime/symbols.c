/* SPDX-License-Identifier: MIT */
/*
 * Modules may be unmapped, and their files replaced, by the time they are copied. So
 * their names are noted when they are mapped for sure, and a file counts by the build id
 * that stands in it.
 */
#include <errno.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>

#include "contract/symbol-cache.h"
#include "runtime/build-id.h"
#include "runtime/line.h"
#include "runtime/os-clock.h"
#include "runtime/os-directory.h"
#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-process.h"
#include "runtime/settings.h"
#include "runtime/symbols.h"

#define NOTES_SIZE (1u << 20) /* what no longer fits is not kept */
#define MOST_HEADERS 64
#define MOST_NOTE 4096

/* A noted module: its build id and its path, with a NUL, follow. */
struct note {
	uint32_t size, build_id_size;
};

static char cache_path[RHP_PATH_SIZE]; /* "": nothing is kept */
static uint64_t limit;
static char *notes;
static uint32_t n_noted, n_kept; /* bytes of them */
static uint32_t at_it;           /* rhp_os_process of the thread that copies */
static bool has_complained;

static const char *value_of(char *const *environment, const char *name)
{
	size_t n = strlen(name);
	for (char *const *e = environment; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=' && (*e)[n + 1])
			return *e + n + 1;
	return NULL;
}

/* The program may change its directory before it ends. */
static void add_absolute(struct rhp_line *t, const char *path)
{
	if (path[0] != '/') {
		ssize_t n = rhp_os_read_link("/proc/self/cwd", t->at,
					     (size_t)(t->end - t->at));
		t->at += n > 0 ? n : 0;
		rhp_line_add(t, "/");
	}
	rhp_line_add(t, path);
}

void rhp_symbols_start(char *const *environment, uint64_t max_bytes)
{
	struct rhp_line t = {cache_path, cache_path + sizeof(cache_path)};
	const char *named = value_of(environment, RHP_SYMBOLS_DIR);
	const char *cache = value_of(environment, "XDG_CACHE_HOME");
	const char *home = value_of(environment, "HOME");
	limit = max_bytes;
	if (named) {
		add_absolute(&t, named);
	} else if (cache && cache[0] == '/') {
		rhp_line_add(&t, cache);
		rhp_line_add(&t, RHP_SYMBOLS_DIRECTORY);
	} else if (home && home[0] == '/') {
		rhp_line_add(&t, home);
		rhp_line_add(&t, "/.cache" RHP_SYMBOLS_DIRECTORY);
	} else {
		rhp_settings_complain("cannot keep symbols:",
				      "HOME is not set, and " RHP_SYMBOLS_DIR " neither",
				      0);
	}
}

static bool is_noted(const char *text, size_t size)
{
	struct note other;
	for (uint32_t at = 0; at < n_noted; at += other.size) {
		memcpy(&other, notes + at, sizeof(other));
		if (other.size >= size && memcmp(notes + at, text, size) == 0)
			return true;
	}
	return false;
}

/* Traces that follow each other have the same modules. */
void rhp_symbols_note(const char *directory, size_t directory_size, const char *path,
		      const uint8_t *build_id, size_t build_id_size)
{
	size_t length = strnlen(path, RHP_PATH_SIZE);
	size_t size = sizeof(struct note) + build_id_size + directory_size + length + 1;
	struct note note = {(uint32_t)((size + 3) & ~(size_t)3), (uint32_t)build_id_size};
	if (!cache_path[0] || build_id_size == 0)
		return;
	if (!notes)
		notes = rhp_os_alloc(NOTES_SIZE);
	uint32_t at = n_noted;
	if (!notes || note.size > NOTES_SIZE - at)
		return;
	char *out = notes + at;
	memcpy(out, &note, sizeof(note));
	memcpy(out += sizeof(note), build_id, build_id_size);
	memcpy(out += build_id_size, directory, directory_size);
	memcpy(out += directory_size, path, length);
	out[length] = '\0';
	if (!is_noted(notes + at, size))
		__atomic_store_n(&n_noted, at + note.size, __ATOMIC_RELEASE);
}

static void complain(int error)
{
	if (!has_complained)
		rhp_settings_complain("cannot keep symbols in", cache_path, -error);
	has_complained = true;
}

static bool take_turn(void)
{
	uint32_t other = __atomic_load_n(&at_it, __ATOMIC_RELAXED);
	return cache_path[0] && other != rhp_os_process &&
	       __atomic_compare_exchange_n(&at_it, &other, rhp_os_process, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void end_turn(void)
{
	__atomic_store_n(&at_it, 0, __ATOMIC_RELEASE);
}

/* The build id of an ELF file of this machine's kind; 0 if it has none. */
static size_t read_build_id(int fd, uint8_t *id)
{
	ElfW(Ehdr) head;
	ElfW(Phdr) segment;
	static char bytes[MOST_NOTE]; /* of the thread whose turn it is */
	size_t n = 0;
	if (rhp_os_read(fd, 0, &head, sizeof(head)) < 0 ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_phentsize != sizeof(segment))
		return 0;
	for (unsigned i = 0; n == 0 && i < head.e_phnum && i < MOST_HEADERS; i++) {
		uint64_t at = head.e_phoff + i * sizeof(segment);
		if (rhp_os_read(fd, at, &segment, sizeof(segment)) < 0)
			return 0;
		if (segment.p_type == PT_NOTE && segment.p_filesz <= sizeof(bytes) &&
		    rhp_os_read(fd, segment.p_offset, bytes, segment.p_filesz) == 0)
			n = rhp_build_id_find(bytes, segment.p_filesz, id);
	}
	return n;
}

static void make_name(char name[RHP_SYMBOLS_NAME_SIZE], const uint8_t *id, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		*name++ = "0123456789abcdef"[id[i] >> 4];
		*name++ = "0123456789abcdef"[id[i] & 15];
	}
	memcpy(name, RHP_SYMBOLS_SUFFIX, sizeof(RHP_SYMBOLS_SUFFIX));
}

static bool is_kept_name(const char *name)
{
	size_t digits = 0;
	while (name[digits] && strchr("0123456789abcdef", name[digits]))
		digits++;
	return digits > 0 && digits <= 2 * RHP_BUILD_ID_MOST &&
	       strcmp(name + digits, RHP_SYMBOLS_SUFFIX) == 0;
}

struct listing {
	int directory;
	uint64_t bytes;
	int64_t oldest_ns, now_ns;
	char oldest[RHP_SYMBOLS_NAME_SIZE];
};

static bool list(void *context, const char *name)
{
	struct listing *l = context;
	struct rhp_os_file file;
	bool is_unfinished = strncmp(name, RHP_SYMBOLS_UNFINISHED,
				     sizeof(RHP_SYMBOLS_UNFINISHED) - 1) == 0;
	if ((!is_unfinished && !is_kept_name(name)) ||
	    rhp_os_look_at(l->directory, name, &file) < 0)
		return true;
	if (is_unfinished) {
		if (file.used_ns <
		    l->now_ns - RHP_SYMBOLS_PATIENCE_S * INT64_C(1000000000))
			rhp_os_remove(l->directory, name);
		return true;
	}
	l->bytes += file.size;
	if (!l->oldest[0] || file.used_ns < l->oldest_ns) {
		l->oldest_ns = file.used_ns;
		memcpy(l->oldest, name, strlen(name) + 1);
	}
	return true;
}

/* Removes files until `size` more bytes fit. */
static void make_room(int directory, uint64_t size)
{
	for (;;) {
		struct listing l = {.directory = directory,
				    .now_ns = (int64_t)rhp_os_realtime_ns()};
		rhp_os_rewind(directory);
		rhp_os_names(directory, list, &l);
		if (!l.oldest[0] || l.bytes + size <= limit)
			return;
		rhp_os_remove(directory, l.oldest);
		struct rhp_os_file left;
		if (rhp_os_look_at(directory, l.oldest, &left) == 0)
			return; /* it cannot be removed */
	}
}

static int copy(int directory, int from, uint64_t size, const char *name)
{
	char unfinished[64] = "";
	struct rhp_line t = {unfinished, unfinished + sizeof(unfinished)};
	rhp_line_add(&t, RHP_SYMBOLS_UNFINISHED);
	rhp_line_add_number(&t, (uint64_t)rhp_os_pid());
	rhp_line_add(&t, "-");
	rhp_line_add_number(&t, rhp_os_realtime_ns());
	make_room(directory, size);
	int to = rhp_os_create(directory, unfinished);
	if (to < 0)
		return to;
	int r = rhp_os_copy_file(to, from, size);
	rhp_os_close(to);
	if (r == 0)
		r = rhp_os_rename(directory, unfinished, name);
	if (r < 0)
		rhp_os_remove(directory, unfinished);
	else
		make_room(directory, 0); /* others may have added theirs meanwhile */
	return r;
}

/* Of a file that has another build id than is wanted, if one is, nothing. */
static void keep(int directory, const char *path, const uint8_t *wanted,
		 size_t wanted_size)
{
	uint8_t id[RHP_BUILD_ID_MOST];
	char name[RHP_SYMBOLS_NAME_SIZE];
	struct rhp_os_file there;
	uint64_t size;
	int fd = rhp_os_open_regular(path, &size);
	if (fd < 0)
		return;
	size_t n = read_build_id(fd, id);
	bool is_wanted = n > 0 && (wanted_size == 0 ||
				   (wanted_size == n && memcmp(id, wanted, n) == 0));
	if (is_wanted && size <= limit) {
		make_name(name, id, n);
		int r = rhp_os_look_at(directory, name, &there);
		if (r == 0)
			rhp_os_touch(directory, name);
		else if (r == -ENOENT)
			r = copy(directory, fd, size, name);
		if (r < 0)
			complain(r);
	}
	rhp_os_close(fd);
}

/* What has been noted; a library that many processes use is there as a rule. */
static void keep_noted(int directory)
{
	uint32_t end = __atomic_load_n(&n_noted, __ATOMIC_ACQUIRE);
	while (n_kept < end) {
		struct note note;
		const char *at = notes + n_kept;
		memcpy(&note, at, sizeof(note));
		const uint8_t *id = (const uint8_t *)at + sizeof(note);
		const char *path = (const char *)id + note.build_id_size;
		if (path[0] == '/')
			keep(directory, path, id, note.build_id_size);
		n_kept += note.size;
	}
}

static bool has_news(void)
{
	return n_kept < __atomic_load_n(&n_noted, __ATOMIC_ACQUIRE);
}

static void keep_in_cache(bool is_program)
{
	int directory = rhp_os_own_directory(cache_path);
	if (directory < 0) {
		complain(directory);
		return;
	}
	if (is_program)
		keep(directory, "/proc/self/exe", NULL, 0);
	else
		keep_noted(directory);
	rhp_os_close(directory);
}

void rhp_symbols_keep_program(void)
{
	if (!take_turn())
		return;
	keep_in_cache(true);
	end_turn();
}

void rhp_symbols_keep_modules(void)
{
	if (!take_turn())
		return;
	if (has_news())
		keep_in_cache(false);
	end_turn();
}
