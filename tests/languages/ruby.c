/* SPDX-License-Identifier: MIT */
#include <ruby.h>

#include "ledger.h"

static VALUE call_work(VALUE self)
{
	(void)self;
	return INT2NUM(work(7103));
}

void Init_plug(void)
{
	rb_define_global_function("work", call_work, 0);
}
