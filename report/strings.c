// SPDX-License-Identifier: MIT

#include "report/memory.h"
#include "report/strings.h"

void strings_init(struct strings *s)
{
	*s = (struct strings){0};
	strings_add(s, "");
}

uint32_t strings_add(struct strings *s, const char *text)
{
	uint32_t number = names_number(&s->names, text ? text : "");

	if (number == MAP_NONE)
		memory_fail();
	return number;
}

void strings_fini(struct strings *s)
{
	names_fini(&s->names);
}
