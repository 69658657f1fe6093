/* SPDX-License-Identifier: MIT */
/*
 * The options of compiler drivers and linkers that matter to us: which of
 * them take the next word, and which of them change what a command is. Tables
 * only; cmdline.c gives the effects their meaning.
 */
#pragma once

/* What an option, or the kind of an input, says about the command. */
enum effect {
	NOTHING,
	/* What the command is about */
	INNER,    /* -cc1: not a driver's command line */
	FILES,    /* --: only file names follow */
	QUERY,    /* asks the compiler about itself */
	NO_INPUT, /* (derived) nothing to work on */
	NO_CODE,  /* -E, -M, ...: makes no code */
	STOP,     /* -c, -S: makes code, does not link */
	UNSURE,   /* we cannot tell what it does */
	/* What is linked */
	PARTIAL,
	SHARED,
	PLUGIN, /* (derived) SHARED, and it is to record by itself */
	STATIC,
	DYNAMIC, /* where its own C library would be a static one */
	FREESTANDING,
	NOSTART,
	NOSTDLIB,
	LIBC,      /* -lc */
	NOLIBC,    /* (derived) -nostdlib without -lc */
	SCRIPT,    /* the user's own linker script */
	IMAGE,     /* not an ELF file, or raw data among the inputs */
	SANITIZER, /* (derived) one with an allocator of its own */
	FOREIGN,   /* (derived) for a target that we do not know */
	CXXLIB,    /* a C++ library by name */
	CXXSTATIC, /* the C++ library is a static one */
	NOCXXLIB,  /* the compiler adds no C++ library */
	DEBUG,     /* -g of some kind */
	/* Inputs */
	SOURCE,
	ASSEMBLER,
	HEADER,
	OBJECT,
	HEADERS, /* (derived) headers only */
	/* Options whose value matters */
	LANGUAGE,
	LIBRARY,
	MACRO,
	LINKER,  /* -fuse-ld= */
	LD_LIST, /* -Wl, */
	LD_WORD, /* -Xlinker */
	MODE,    /* --driver-mode= */
	SANITIZE,
	NO_SANITIZE,
	TARGET,
	NARROW,    /* -m32 */
	WIDE,      /* -m64 */
	ODD_WIDTH, /* -mx32, -m16 */
	WRAP,      /* ld: --wrap */
	OFORMAT,   /* ld: --oformat */
	IFORMAT,   /* ld: -b */
};

/* Where the value of an option stands. */
enum form {
	ALONE = 1,  /* no value */
	NEXT = 2,   /* in the next word */
	JOINED = 4, /* in the rest of the same word */
	AFTER = 8,  /* the name is a prefix; the value is the next word */
};

struct option {
	const char *name;
	unsigned form; /* enum form */
	enum effect effect;
};

extern const struct option driver_options[];
extern const struct option linker_options[];

/*
 * Finds the row of `table` for `word`: a whole name first, else the longest
 * joined one. NULL if there is none: the word takes no value and has no
 * effect. *value is the joined value or NULL; *takes_next says that the value
 * is the next word.
 */
const struct option *option_find(const struct option *table, const char *word,
				 const char **value, int *takes_next);

/* What an input file is by its name: SOURCE, ASSEMBLER, HEADER or OBJECT. */
enum effect option_input(const char *name);
