// SPDX-License-Identifier: MIT
#include "rheaper-check/findings.h"

const struct finding_text finding_texts[N_FINDING_KINDS] = {
	[FINDING_LEAK] =
		{"leak", "leak", "The program did not free blocks.",
		 "Blocks that this call site allocated were live when the program "
		 "exited, and, if its memory was scanned for leaks, nothing pointed to "
		 "them any more.",
		 "Free the blocks, or let an owner free them. A leak that stays is "
		 "accepted with `--write-baseline`, or, with a reason, with "
		 "`--suppressions`."},
	[FINDING_NEW_LEAK] =
		{"new-leak", "new leak",
		 "The program leaks at a call site that is not in the baseline.",
		 "Blocks that this call site allocated were not freed, and the baseline "
		 "knows of no leak there, nor of one in related functions that is gone.",
		 "Free the blocks, or let an owner free them. A leak that stays is "
		 "accepted by a new baseline (`--write-baseline`), or, with a reason, "
		 "with `--suppressions`."},
	[FINDING_LEAK_GROWTH] =
		{"leak-growth", "leak growth",
		 "The program leaks more at a call site than in the baseline.",
		 "The baseline accepts that this call site leaks, but fewer blocks or "
		 "bytes.",
		 "Free what was added. `--max-growth=leak-blocks=N` and "
		 "`--max-growth=leak-bytes=N` allow leaks to grow; a new baseline "
		 "(`--write-baseline`) accepts this one."},
	[FINDING_GROWTH] =
		{"growth", "growth", "The program uses more memory than in the baseline.",
		 "An amount that `--max-growth` names is larger than in the baseline, by "
		 "more than that allows.",
		 "Compare both runs with `rheaper-diff`. A new baseline "
		 "(`--write-baseline` with the same `--max-growth`) accepts the amount."},
	[FINDING_LIMIT] =
		{"limit", "limit exceeded", "The program exceeds a limit.",
		 "An amount of all that the program allocates is larger than `--limit` "
		 "allows.",
		 "`rheaper-report` shows what the amount is made of. Raise `--limit` if "
		 "the program needs that much."},
	[FINDING_EXPECTATION] =
		{"expectation", "expectation not met",
		 "The program breaks a rule of an expectations file.",
		 "A scope, a phase or the whole program allocated or kept more than a "
		 "rule of an `--expect` file allows, or there is no such scope or phase.",
		 "Change the program, or the rule in the file where it stands."},
};
