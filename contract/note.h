/* SPDX-License-Identifier: MIT */
/* What a binary says of how it was instrumented: notes in .note.rheaper, read by
 * rheaper-cc --rheaper-explain. */
#pragma once

#define RHP_NOTE_NAME "rheaper"
enum rhp_note_type {
	RHP_NOTE_PROCESS = 1, /* 4 bytes: from here to this module's struct rhp_process */
	RHP_NOTE_TEXT = 2,    /* KEY=VALUE, with its NUL */
	RHP_NOTE_LABELS = 3,  /* RHP_LABELS_SIZE bytes: NAME=VALUE texts of the user, each
			       * with its NUL, then zeros. A binary has it if it was
			       * linked with labels, and its runtime copies the texts
			       * into each trace. */
};

#define RHP_LABELS_MAX 30
#define RHP_LABELS_SIZE 1024
/* What the driver replaces in a copy of the note (runtime/labels-template.c) */
#define RHP_LABELS_TEMPLATE "rheaper labels"

_Static_assert(sizeof(RHP_NOTE_NAME) == 8, "notes have names of 8 bytes");

/* A note, by the assembler's directives for what it holds. */
#define RHP_NOTE(type, content)                                                          \
	__asm__(".pushsection .note.rheaper, \"a\", %note\n"                             \
		".balign 4\n"                                                            \
		".long 8, 2f - 1f, " type "\n"                                           \
		".asciz \"" RHP_NOTE_NAME "\"\n"                                         \
		"1: " content "\n"                                                       \
		"2: .balign 4\n"                                                         \
		".popsection")

#define RHP_SAY(text) RHP_NOTE("2", ".asciz \"" text "\"")
