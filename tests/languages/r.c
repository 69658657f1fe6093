/* SPDX-License-Identifier: MIT */
#include "ledger.h"

void call_work(int *result)
{
	*result = work(7104);
}
