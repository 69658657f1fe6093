/* SPDX-License-Identifier: MIT */
/*
 * Decides what a compiler command does, and which words it must gain. Reads and writes no
 * files, and runs nothing; main.c does.
 */
#pragma once

#include "rheaper-cc/declare.h"
#include "rheaper-cc/target.h"
#include "rheaper-cc/words.h"

enum cmd_kind {
	CMD_QUERY,      /* not a build step: left alone */
	CMD_PREPROCESS, /* makes no code: left alone */
	CMD_COMPILE,    /* makes code, does not link */
	CMD_PARTIAL,    /* ld -r */
	CMD_SHARED,     /* a shared library */
	CMD_OTHER,      /* a link that is not ours to touch */
	CMD_PLUGIN,     /* a shared library that records by itself */
	CMD_EXECUTABLE, /* a dynamic executable */
	CMD_STATIC,     /* a static executable */
};

/* How the driver was called, as far as that decides what the words mean. */
struct cmd_driver {
	int plugins;         /* shared libraries are to record by themselves */
	int cxx;             /* the compiler links the C++ library */
	int no_code;         /* it refuses the target's word for code */
	int own_linker;      /* it has its own linker, and judges the words for it */
	int own_libraries;   /* it has its own C++ library, and its own C libraries */
	const char *no_link; /* why its links are left alone, NULL: they are not */
	const char *target;  /* the triple in its name, NULL: this machine */
	const struct words *options; /* before the user's, NULL: none */
};

struct cmdline {
	enum cmd_kind kind;
	const char *reason;          /* why; a constant text */
	const struct target *target; /* NULL: not known, the link is left alone */
	int compiles;                /* makes code from sources: gains compile words */
	int debug;                   /* the user gave an option -g of any kind, or -g0 */
	const char *code;            /* what else code for the target needs, or NULL */
	int cxx, shared_cxx;         /* links a C++ library; it may be a shared one */
	int gold, mold;              /* the linker is known to be this one */
	int own_linker;              /* ... or to be the compiler's own (linker-file.h) */
	struct words user_wraps;     /* symbols that the user's own --wrap names */
	struct words libraries;      /* names of libraries, without directories */
	size_t *library_at;          /* ... and which of the words hold them */
	size_t n_library_at;
};

enum cmd_capture {
	CAPTURE_PROCESS, /* every allocation of the process */
	CAPTURE_LINK,    /* those of the objects in this link */
};

/* What cmdline_inject needs beside the decision. */
struct cmd_inject {
	enum cmd_capture capture;
	const char *archive_dir; /* where the target's archives are; NULL: no link
				  * words */
	int pull_all;            /* pull every shim: the words may stand anywhere */
	const struct declared_list *declared; /* functions that the user declared */
	const char *declared_archive;         /* their shims; NULL if there are none */
	const char *label_object;             /* its note; NULL if there are no labels */
};

/*
 * Judges the words of a command (without the compiler's name, response files
 * expanded). The caller frees *c with cmdline_fini.
 */
void cmdline_classify(const struct words *words, const struct cmd_driver *driver,
		      struct cmdline *c);

void cmdline_fini(struct cmdline *c);

/* Returns the kind in words, for messages. */
const char *cmdline_kind_name(enum cmd_kind kind);

/* Does the kind gain link words? */
int cmdline_links(const struct cmdline *c);

/*
 * Appends the words to add: `compile` and `before` belong directly after the
 * compiler's name, `after` at the end of the command. Where functions are declared,
 * `words`, those that were judged, stand in between, with their shims before each
 * library; else the user's do.
 */
void cmdline_inject(const struct cmdline *c, const struct cmd_inject *inject,
		    struct words *compile, struct words *before, struct words *after);
void cmdline_inject_declared(const struct cmdline *c, const struct cmd_inject *inject,
			     const struct words *words, struct words *out);
