/* SPDX-License-Identifier: MIT */
/* The options of a program that writes to a screen: rows for common/options.h. */
#pragma once

/* Rows that set the fields `iec` and `no_pager`, which are bool, and `color`, an enum
 * screen_color or -1, of struct options. */
#define SCREEN_OPTIONS                                                                   \
	{OPTION_SET, 0, "iec", OPTION_FIELD(iec),                                        \
	 .help = "units of 1024 (KiB, MiB) instead of 1000 (kB, MB)"},                   \
		{OPTION_CHOICE,                                                          \
		 0,                                                                      \
		 "color",                                                                \
		 "WHEN",                                                                 \
		 OPTION_FIELD(color),                                                    \
		 .choice = screen_color_name,                                            \
		 .help = "auto, always or never (default: auto, on a terminal unless "   \
			 "NO_COLOR is set)"},                                            \
	{                                                                                \
		OPTION_SET, 0, "no-pager", OPTION_FIELD(no_pager),                       \
			.help = "do not show long text through RHEAPER_PAGER, PAGER or " \
				"less"                                                   \
	}
