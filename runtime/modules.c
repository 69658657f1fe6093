/* SPDX-License-Identifier: MIT */
/*
 * A short append-only list. The dynamic loader is asked on every look-up (they
 * are rare: once for each distinct return address), so a module that was
 * closed behind our back and replaced by another at the same place is noticed
 * as soon as code of the new one is seen. What the program and its libraries close by
 * dlclose is noticed at once.
 *
 * Everything else about a module is read from its program headers in memory.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "runtime/modules.h"
#include "runtime/os-file.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/stream.h"
#include "runtime/symbols.h"
#include "runtime/trace-file.h"

#define MAX_MODULES 4096
#if defined(__arm__)
#define UNWIND_SEGMENT PT_ARM_EXIDX
#else
#define UNWIND_SEGMENT PT_GNU_EH_FRAME
#endif
#define LEAST_HDR 12 /* bytes of the head of an unwind table */

static struct rhp_module_info *modules;
static uint32_t n_modules; /* writers: under the lock */
static struct rhp_lock lock;

/* What the dynamic loader knows of the object around an address. */
struct object {
	const void *identity;
	const char *path; /* "" is the program itself */
	uintptr_t start, end, bias;
	const ElfW(Phdr) * phdr;
	size_t n_phdr;
};

uint32_t rhp_epoch = 1;

static void bump_epoch(void)
{
	__atomic_add_fetch(&rhp_epoch, 1, __ATOMIC_RELAXED);
}

/* Finds the program headers through the ELF header at the start of a module. */
static void find_phdr(struct object *o)
{
	const ElfW(Ehdr) *ehdr = (const ElfW(Ehdr) *)o->start;
	if (!rhp_os_all_readable(o->start, sizeof(*ehdr)) ||
	    memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
		return;
	uintptr_t size = (uintptr_t)ehdr->e_phnum * sizeof(ElfW(Phdr));
	/* Wherever the linker put them: they need not be in what is mapped. */
	if (ehdr->e_phoff < o->end - o->start &&
	    size <= o->end - o->start - ehdr->e_phoff &&
	    rhp_os_all_readable(o->start + ehdr->e_phoff, size)) {
		o->phdr = (const ElfW(Phdr) *)(o->start + ehdr->e_phoff);
		o->n_phdr = ehdr->e_phnum;
	}
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

static bool have_find_object(void)
{
	return _dl_find_object != NULL;
}

static bool ask_find_object(uintptr_t ip, struct object *o)
{
	struct dl_find_object found;
	if (_dl_find_object((void *)ip, &found) != 0 || !found.dlfo_link_map)
		return false;
	o->identity = found.dlfo_link_map;
	o->start = (uintptr_t)found.dlfo_map_start;
	o->end = (uintptr_t)found.dlfo_map_end;
	return true;
}

/* The rest of what is known: for an object that is surely mapped. */
static void describe(struct object *o)
{
	const struct link_map *map = o->identity;
	if (o->path)
		return;
	o->path = map->l_name ? map->l_name : "";
	o->bias = map->l_addr;
	find_phdr(o);
}
#else
static bool have_find_object(void)
{
	return false;
}

static bool ask_find_object(uintptr_t ip, struct object *o)
{
	(void)ip, (void)o;
	return false;
}

static void describe(struct object *o)
{
	(void)o;
}
#endif

#ifdef RHP_PLUGIN
static bool is_in_program(uintptr_t ip, struct object *o, bool *is_static)
{
	(void)ip, (void)o;
	return *is_static = false; /* the loader knows us and everything else */
}
#else
/* This module's own ELF header; every linker provides the name. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/*
 * The program itself, without asking anyone: in a static program libc's table
 * is not there yet when the first allocations come. `is_static` tells whether
 * there is a loader to ask about the rest.
 */
static bool is_in_program(uintptr_t ip, struct object *o, bool *is_static)
{
	const ElfW(Phdr) *p =
		(const ElfW(Phdr) *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
	uintptr_t first = UINTPTR_MAX, end = 0;
	*o = (struct object){.identity = &__ehdr_start,
			     .path = "",
			     .phdr = p,
			     .n_phdr = __ehdr_start.e_phnum};
	*is_static = true;
	for (size_t i = 0; i < o->n_phdr; i++) {
		if (p[i].p_type == PT_INTERP)
			*is_static = false;
		if (p[i].p_type != PT_LOAD)
			continue;
		first = p[i].p_vaddr < first ? p[i].p_vaddr : first;
		end = p[i].p_vaddr + p[i].p_memsz > end ? p[i].p_vaddr + p[i].p_memsz
							: end;
	}
	o->start = (uintptr_t)&__ehdr_start;
	o->bias = o->start - (first & ~(uintptr_t)4095);
	o->end = o->bias + end;
	return ip >= o->start && ip < o->end;
}
#endif

struct iteration {
	uintptr_t ip;
	struct object *object;
};

/* dl_iterate_phdr's callback: stops at the object that holds the address. */
static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	struct iteration *it = arg;
	uintptr_t low = UINTPTR_MAX, high = 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_LOAD)
			continue;
		uintptr_t start = info->dlpi_addr + p->p_vaddr;
		low = start < low ? start : low;
		high = start + p->p_memsz > high ? start + p->p_memsz : high;
	}
	if (it->ip < low || it->ip >= high)
		return 0;
	*it->object = (struct object){
		.identity = info->dlpi_phdr,
		.path = info->dlpi_name ? info->dlpi_name : "",
		.start = low,
		.end = high,
		.bias = info->dlpi_addr,
		.phdr = info->dlpi_phdr,
		.n_phdr = info->dlpi_phnum,
	};
	return 1;
}

/* Which object an address is in. Where libc has _dl_find_object, nothing of the
 * object is read, for another thread may be unmapping it: describe() does. */
static bool ask_loader(uintptr_t ip, struct object *o)
{
	bool is_static;
	if (is_in_program(ip, o, &is_static))
		return true;
	if (is_static)
		return false;
	*o = (struct object){0};
	if (have_find_object())
		return ask_find_object(ip, o);
	struct iteration it = {ip, o};
	return dl_iterate_phdr(visit, &it) == 1;
}

uintptr_t rhp_module_start(const void *address)
{
	struct object o;
	return ask_loader((uintptr_t)address, &o) ? o.start : 0;
}

/* Reads the header of the sorted unwind table, in the one encoding that every
 * linker uses: 4-byte offsets from the header itself. */
static void read_unwind_table(struct rhp_module_info *m, size_t size)
{
#if defined(__arm__)
	m->unwind_table = m->eh_frame_hdr;
	m->n_unwind_entries = size / 8;
	return;
#endif
	(void)size;
	const uint8_t *hdr = (const uint8_t *)m->eh_frame_hdr;
	static const uint8_t usual[4] = {1, 0x1b, 0x03, 0x3b};
	uint32_t count;
	if (!hdr || memcmp(hdr, usual, sizeof(usual)) != 0)
		return;
	memcpy(&count, hdr + 8, sizeof(count));
	m->n_unwind_entries = count;
	m->unwind_table = m->eh_frame_hdr + 12;
}

/* Whether a mapped segment has all of [at, at + size), from the file. */
static bool is_loaded(const struct rhp_module_info *m, const ElfW(Phdr) * phdr,
		      size_t n_phdr, uintptr_t at, uintptr_t size)
{
	for (size_t i = 0; i < n_phdr; i++) {
		uintptr_t start = m->bias + phdr[i].p_vaddr;
		if (phdr[i].p_type == PT_LOAD && phdr[i].p_flags & PF_R && at >= start &&
		    at - start <= phdr[i].p_filesz &&
		    size <= phdr[i].p_filesz - (at - start))
			return rhp_os_all_readable(at, size);
	}
	return false;
}

static void add_text(struct rhp_module_info *m, uintptr_t at, uintptr_t size)
{
	bool is_first = m->text_high == 0;
	m->text_low = is_first || at < m->text_low ? at : m->text_low;
	m->text_high = at + size > m->text_high ? at + size : m->text_high;
}

size_t rhp_module_read_headers(struct rhp_module_info *m, const ElfW(Phdr) * phdr,
			       size_t n_phdr, uint8_t build_id[RHP_BUILD_ID_MOST])
{
	size_t build_id_size = 0, unwind_size = 0;
	for (size_t i = 0; i < n_phdr; i++) {
		uintptr_t at = m->bias + phdr[i].p_vaddr, size = phdr[i].p_filesz;
		if (phdr[i].p_type == UNWIND_SEGMENT && size >= LEAST_HDR &&
		    is_loaded(m, phdr, n_phdr, at, size))
			m->eh_frame_hdr = at, unwind_size = size;
		else if (phdr[i].p_type == PT_NOTE && build_id_size == 0 &&
			 is_loaded(m, phdr, n_phdr, at, size))
			build_id_size =
				rhp_build_id_find((const void *)at, size, build_id);
		else if (phdr[i].p_type == PT_LOAD && phdr[i].p_flags & PF_X)
			add_text(m, at, phdr[i].p_memsz);
	}
	for (size_t i = 0; i < n_phdr; i++) {
		uintptr_t at = m->bias + phdr[i].p_vaddr;
		if (phdr[i].p_type == PT_LOAD && m->eh_frame_hdr >= at &&
		    m->eh_frame_hdr < at + phdr[i].p_filesz) {
			m->read_low = at;
			m->read_high = at + phdr[i].p_filesz;
		}
	}
	read_unwind_table(m, unwind_size);
	return build_id_size;
}

/* What makes a relative path absolute: the loader keeps names as they were
 * given. Names without a slash are no files (the vDSO). */
static size_t directory_of(const char *path, char *buffer, size_t size)
{
	if (path[0] == '/' || !strchr(path, '/'))
		return 0;
	ssize_t n = rhp_os_read_link("/proc/self/cwd", buffer, size - 1);
	if (n <= 0)
		return 0;
	buffer[n] = '/';
	return (size_t)n + 1;
}

static void record(const struct object *o, const struct rhp_module_info *m,
		   const uint8_t *build_id, size_t build_id_size, struct rhp_stream *out)
{
	static char directory[4096]; /* under the lock */
	struct rhp_module head = {m->start, m->end, build_id_size};
	const char *path = o->path[0] ? o->path : rhp_trace_executable();
	struct rhp_stream_text text[4] = {
		{&head, sizeof(head)},
		{build_id, build_id_size},
		{directory, directory_of(path, directory, sizeof(directory))},
		{path, strnlen(path, 4096)},
	};
	rhp_stream_blob(out, RHP_BLOB_MODULE, m->number, m->bias, text, 4);
	rhp_symbols_note(directory, text[2].size, path, build_id, build_id_size);
}

static bool is_dead(const struct rhp_module_info *m)
{
	return __atomic_load_n(&m->dead, __ATOMIC_RELAXED);
}

static void set_dead(struct rhp_module_info *m, int dead)
{
	__atomic_store_n(&m->dead, dead, __ATOMIC_RELAXED);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* A library that was closed and has come back to the same place keeps its entry
 * and its number: programs load and unload the same one thousands of times. */
static struct rhp_module_info *revive(const struct rhp_module_info *like)
{
	for (uint32_t i = 0; i < n_modules; i++) {
		struct rhp_module_info *m = &modules[i];
		if (is_dead(m) && m->start == like->start && m->end == like->end &&
		    m->bias == like->bias && m->signature == like->signature) {
			__atomic_store_n(&m->identity, like->identity, __ATOMIC_RELAXED);
			set_dead(m, 0);
			return m;
		}
	}
	return NULL;
}

static const struct rhp_module_info *add(const struct object *o, struct rhp_stream *out)
{
	if (!modules)
		modules = rhp_os_alloc(MAX_MODULES * sizeof(*modules));
	if (!modules)
		return NULL;
	struct rhp_module_info m = {
		.number = n_modules + 1,
		.start = o->start,
		.end = o->end,
		.bias = o->bias,
		.identity = o->identity,
	};
	uint8_t build_id[RHP_BUILD_ID_MOST];
	size_t build_id_size = rhp_module_read_headers(&m, o->phdr, o->n_phdr, build_id);
	m.signature = hash_bytes(hash_bytes(0, build_id, build_id_size), o->path,
				 strnlen(o->path, 4096));
	struct rhp_module_info *old = revive(&m);
	if (old)
		return old;
	if (n_modules == MAX_MODULES)
		return NULL;
	modules[n_modules] = m;
	record(o, &m, build_id, build_id_size, out);
	__atomic_store_n(&n_modules, n_modules + 1, __ATOMIC_RELEASE);
	return &modules[n_modules - 1];
}

static bool same(const struct rhp_module_info *m, const struct object *o)
{
	return __atomic_load_n(&m->identity, __ATOMIC_RELAXED) == o->identity &&
	       m->start == o->start && m->end == o->end;
}

/* The entry of an object, made if need be; what it displaces is dead. */
static const struct rhp_module_info *enter(const struct object *o, struct rhp_stream *out)
{
	bool displaced = false;
	for (uint32_t i = 0; i < n_modules; i++) {
		struct rhp_module_info *m = &modules[i];
		if (is_dead(m) || o->end <= m->start || m->end <= o->start)
			continue;
		if (same(m, o))
			return m;
		set_dead(m, 1);
		displaced = true;
	}
	if (displaced)
		bump_epoch();
	return add(o, out);
}

const struct rhp_module_info *rhp_module_find(uintptr_t ip, struct rhp_stream *out)
{
	struct object o;
	if (!ask_loader(ip, &o))
		return NULL;
	describe(&o); /* it has code on a live stack */
	rhp_lock_take(&lock);
	const struct rhp_module_info *m = enter(&o, out);
	rhp_lock_drop(&lock);
	return m;
}

void rhp_modules_closed(void)
{
	bool closed = false;
	uint32_t n = __atomic_load_n(&n_modules, __ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < n; i++) {
		struct rhp_module_info *m = &modules[i];
		struct object o;
		/* The unwind table lies in the middle of the mapping. */
		uintptr_t inside = m->eh_frame_hdr ? m->eh_frame_hdr : m->start;
		/* Asked without our lock: the loader may hold its own for a thread
		 * that waits for ours. */
		if (!is_dead(m) && !(ask_loader(inside, &o) && same(m, &o))) {
			set_dead(m, 1);
			closed = true;
		}
	}
	if (closed)
		bump_epoch();
}

void rhp_modules_forget(void)
{
	rhp_lock_take(&lock);
	__atomic_store_n(&n_modules, 0, __ATOMIC_RELEASE);
	bump_epoch();
	rhp_lock_drop(&lock);
}

void rhp_module_opened(const void *inside)
{
	uintptr_t ip = (uintptr_t)inside;
	rhp_lock_take(&lock);
	for (uint32_t i = 0; i < n_modules; i++) {
		struct rhp_module_info *m = &modules[i];
		if (!is_dead(m) && ip >= m->start && ip < m->end) {
			set_dead(m, 1);
			bump_epoch();
		}
	}
	rhp_lock_drop(&lock);
}
