/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/build-id.h"

/*
 * Linkers put notes that are aligned to 4 and to 8 into one segment, with gaps that no
 * note tells of: so the note itself is looked for, not the way from one to the next.
 */
size_t rhp_build_id_find(const void *notes, size_t size, uint8_t id[RHP_BUILD_ID_MOST])
{
	static const char name[4] = "GNU";
	const char *bytes = notes;
	const size_t head = sizeof(ElfW(Nhdr)) + sizeof(name);
	for (size_t at = 0; at < size && size - at > head; at += 4) {
		ElfW(Nhdr) note;
		size_t desc = at + head;
		memcpy(&note, bytes + at, sizeof(note));
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) &&
		    note.n_descsz <= RHP_BUILD_ID_MOST && note.n_descsz <= size - desc &&
		    memcmp(bytes + at + sizeof(note), name, sizeof(name)) == 0) {
			memcpy(id, bytes + desc, note.n_descsz);
			return note.n_descsz;
		}
	}
	return 0;
}
