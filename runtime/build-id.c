/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/build-id.h"

size_t rhp_build_id_find(const void *notes, size_t size, uint8_t id[RHP_BUILD_ID_MOST])
{
	const char *bytes = notes;
	for (size_t at = 0; size - at > sizeof(ElfW(Nhdr));) {
		ElfW(Nhdr) note;
		memcpy(&note, bytes + at, sizeof(note));
		uint64_t name = at + sizeof(note);
		uint64_t desc = name + ((note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
		uint64_t next = desc + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
		if (next > size)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    note.n_descsz <= RHP_BUILD_ID_MOST &&
		    memcmp(bytes + name, "GNU", 4) == 0) {
			memcpy(id, bytes + desc, note.n_descsz);
			return note.n_descsz;
		}
		at = (size_t)next;
	}
	return 0;
}
