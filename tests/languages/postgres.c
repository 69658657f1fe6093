/* SPDX-License-Identifier: MIT */
#include <postgres.h>

#include <fmgr.h>
#undef printf
#undef fprintf

#include "ledger.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(call_work);

Datum call_work(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(work(7108));
}
