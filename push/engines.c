// SPDX-License-Identifier: MIT
#include "push/engine.h"

#define MIB ((size_t)1 << 20)
#define MINUTE 60

static const struct push_engine engines[] = {
	/* Adds up whatever it gets. Limits are its defaults for a tenant. */
	{
		.name = "pyroscope",
		.body = &push_body_pprof,
		.finish = pyroscope_finish,
		.requests = {PUSH_ALLOC | PUSH_INUSE},
		.token_prefix = "Authorization: Bearer ",
		.tenant_header = "X-Scope-OrgID",
		.max_samples = 16000,
		.max_bytes = 4 * MIB,
		.max_labels = 30 - 4, /* it adds __name__ and three others */
		.max_age_s = 60 * MINUTE,
		.max_ahead_s = 10 * MINUTE,
	},
	/* What lasted is a difference to it, what did not a snapshot: two profiles. */
	{
		.name = "parca",
		.body = &push_body_pprof,
		.finish = parca_finish,
		.requests = {PUSH_ALLOC, PUSH_INUSE},
		.token_prefix = "Authorization: Bearer ",
	},
	/* Adds up alloc_*, and averages inuse_*, by their names */
	{
		.name = "coroot",
		.body = &push_body_pprof,
		.finish = coroot_finish,
		.requests = {PUSH_ALLOC | PUSH_INUSE},
		.token_prefix = "X-API-Key: ",
	},
	/* Experimental, as the protocol is, whose version is in the name */
	{
		.name = "otlp-1.10",
		.body = &push_body_otlp,
		.finish = otlp_finish,
		.requests = {PUSH_ALLOC | PUSH_INUSE},
		.token_prefix = "Authorization: Bearer ",
		.max_bytes = 16 * MIB, /* otelcol takes 20 */
	},
	/* Tables of ours (rheaper-fleet schema), which know a token that they had */
	{
		.name = "clickhouse",
		.body = &push_body_clickhouse,
		.finish = clickhouse_finish,
		.requests = {PUSH_STACKS, PUSH_RUN, PUSH_ALLOC | PUSH_INUSE},
		.token_prefix = "Authorization: Basic ",
		.tenant_header = "X-ClickHouse-Database",
		.takes_twice = true,
		.counts_snapshots = true,
		.max_age_s = 30 * 24 * 60 * MINUTE, /* the tables keep nothing older */
		.max_samples = 100000,
		.max_bytes = 16 * MIB,
	},
};

const struct push_engine *push_engine(size_t i)
{
	return i < sizeof(engines) / sizeof(*engines) ? &engines[i] : NULL;
}

const char *push_engine_name(size_t i)
{
	const struct push_engine *engine = push_engine(i);

	return engine ? engine->name : NULL;
}
