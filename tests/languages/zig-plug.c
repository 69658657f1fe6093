/* SPDX-License-Identifier: MIT */
#include "ledger.h"

int work_here(void)
{
	return work(7400);
}
