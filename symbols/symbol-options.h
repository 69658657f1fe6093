/* SPDX-License-Identifier: MIT */
/* The options of a program that looks up symbols: rows for common/options.h. */
#pragma once

/* Rows that set `field` of struct options, which is a struct symbol_settings. */
#define SYMBOL_OPTIONS(field)                                                            \
	{OPTION_TEXT,                                                                    \
	 0,                                                                              \
	 "sysroot",                                                                      \
	 "DIR",                                                                          \
	 OPTION_FIELD(field.sysroot),                                                    \
	 .help = "look up the traced files below DIR, a copy of another machine's "      \
		 "root"},                                                                \
	{                                                                                \
		OPTION_LIST, 0, "debug-dir", "DIR", OPTION_FIELD(field.debug_dirs),      \
			.n_offset = offsetof(struct options, field.n_debug_dirs),        \
			.help = "also look for debug information in DIR; may be "        \
				"repeated"                                               \
	}

/* The same, where files may be downloaded. */
#define SYMBOL_OPTIONS_DEBUGINFOD(field)                                                 \
	SYMBOL_OPTIONS(field),                                                           \
	{                                                                                \
		OPTION_SET, 0, "debuginfod", OPTION_FIELD(field.debuginfod),             \
			.help = "download missing debug information from "               \
				"DEBUGINFOD_URLS"                                        \
	}
