/* SPDX-License-Identifier: MIT */
#include <node_api.h>

#include "ledger.h"

static napi_value call_work(napi_env env, napi_callback_info info)
{
	napi_value result;

	(void)info;
	napi_create_int32(env, work(7106), &result);
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	napi_create_function(env, "work", NAPI_AUTO_LENGTH, call_work, NULL, &function);
	napi_set_named_property(env, exports, "work", function);
	return exports;
}
