/* SPDX-License-Identifier: MIT */
#define PERL_NO_GET_CONTEXT
#include <EXTERN.h>
#include <perl.h>
#include <XSUB.h>
#undef malloc
#undef free
#include "ledger.h"

MODULE = Plug  PACKAGE = Plug

int
work()
CODE:
	RETVAL = work(7102);
OUTPUT:
	RETVAL
