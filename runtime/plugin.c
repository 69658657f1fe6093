/* SPDX-License-Identifier: MIT */
/*
 * How a plug-in finds the module that leads. The search and the claim happen in
 * one callback of dl_iterate_phdr, which holds the dynamic loader's lock: of two
 * threads that load plug-ins at the same time, the second finds the first.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/process.h"
#include "runtime/runtime.h"

static const uint32_t off = RHP_OFF;
static const struct rhp_process nobody = {.state = &off};

const struct rhp_process *rhp_process = &nobody;

struct note {
	ElfW(Nhdr) head;
	char name[sizeof(RHP_NOTE_NAME)];
	int32_t distance;
};

/* At every step of 4: linkers put notes of another alignment between ours. */
static struct rhp_process *find_note(uintptr_t at, uintptr_t end)
{
	static const struct note wanted = {
		{sizeof(RHP_NOTE_NAME), sizeof(int32_t), RHP_NOTE_PROCESS},
		RHP_NOTE_NAME,
		0};
	for (; end - at >= sizeof(struct note) && end > at; at += 4) {
		const struct note *note = (const struct note *)at;
		if (memcmp(note, &wanted, offsetof(struct note, distance)) == 0)
			return (struct rhp_process *)((uintptr_t)&note->distance +
						      (uintptr_t)note->distance);
	}
	return NULL;
}

static bool is_mapped(const struct dl_phdr_info *info, const ElfW(Phdr) * note)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && note->p_vaddr >= p->p_vaddr &&
		    note->p_vaddr + note->p_filesz <= p->p_vaddr + p->p_filesz)
			return true;
	}
	return false;
}

/* dl_iterate_phdr's callback: stops at the module that leads. */
static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	struct rhp_process **leader = arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + p->p_vaddr;
		struct rhp_process *found = p->p_type == PT_NOTE && is_mapped(info, p)
						    ? find_note(at, at + p->p_filesz)
						    : NULL;
		if (found && __atomic_load_n(&found->leads, __ATOMIC_ACQUIRE)) {
			*leader = found;
			return 1;
		}
	}
	return 0;
}

struct election {
	struct rhp_process *own, *leader;
};

static int elect(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info, (void)size;
	struct election *election = arg;
	if (dl_iterate_phdr(visit, &election->leader) == 0) {
		election->leader = election->own;
		__atomic_store_n(&election->own->leads, 1, __ATOMIC_RELEASE);
	}
	return 1;
}

static bool are_alike(const struct rhp_process *a, const struct rhp_process *b)
{
	return memcmp(a->version, b->version, sizeof(a->version)) == 0 &&
	       a->n_functions == b->n_functions;
}

/* Others call our code and write to our trace from now on. */
static void stay_loaded(const struct rhp_process *own)
{
	Dl_info here;
	if (dladdr(own, &here) && here.dli_fname)
		dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

bool rhp_process_join(struct rhp_process *own)
{
	struct election election = {own, NULL};
	dl_iterate_phdr(elect, &election);
	struct rhp_process *leader = election.leader;
	if (!leader || !are_alike(leader, own))
		return false;
	__atomic_store_n(&rhp_process, leader, __ATOMIC_RELEASE);
	if (leader == own) {
		stay_loaded(own);
		return true;
	}
	/* Of a host that is not ours we do not hear what it closed. */
	if (__atomic_load_n(leader->state, __ATOMIC_RELAXED) == RHP_ON)
		leader->module_opened(own);
	return false;
}
