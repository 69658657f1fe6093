// SPDX-License-Identifier: MIT
#include "common/cli.h"

#include "push/text.h"

/* open_memstream keeps pointers to where text and size are: they are of a structure that
 * does not move. */
struct push_text_memory {
	char *text;
	size_t size;
};

struct push_text push_text_begin(void)
{
	struct push_text_memory *memory = calloc(1, sizeof(*memory));
	struct push_text text = {.memory = memory};

	text.out = memory ? open_memstream(&memory->text, &memory->size) : NULL;
	if (!text.out)
		die("make a request: out of memory");
	return text;
}

void push_text_put(struct push_text *text, const char *what, bool (*is_good)(char c))
{
	for (; what && *what; what++)
		fputc(is_good(*what) ? *what : '_', text->out);
}

char *push_text_end(struct push_text *text)
{
	struct push_text_memory *memory = text->memory;
	char *made;

	if (fclose(text->out) != 0)
		die("make a request: out of memory");
	made = memory->text;
	text->size = memory->size;
	free(memory);
	return made;
}

static uint64_t add_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

uint64_t push_hash(uint64_t hash, const char *text)
{
	do
		hash = add_byte(hash, (unsigned char)*text);
	while (*text++);
	return hash;
}

uint64_t push_hash_number(uint64_t hash, int64_t number)
{
	for (int shift = 0; shift < 64; shift += 8)
		hash = add_byte(hash, (unsigned char)((uint64_t)number >> shift));
	return hash;
}
