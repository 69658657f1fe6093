// SPDX-License-Identifier: MIT
/*
 * Statements are texts with {names} of what is put in.
 *
 * diff compares bytes an hour (what was allocated), a snapshot (what was live) or a GiB
 * of all that the host has, which is the same whatever the host's load is. A site's rate
 * is that of all hosts together, R = sum(B) / sum(T) over hosts, with B the bytes and T
 * the hours or snapshots of a host. Its variance is the larger one of two:
 *
 *   H/(H-1) sum((B - R T)^2) / sum(T)^2   how hosts differ (the ratio estimator)
 *   sum(var) / sum(T)^2                   what sampling adds
 *
 * Hosts that have nothing of a site count with B = 0. Snapshots of one host are not
 * independent of each other: their variances count as if they were all of the same
 * blocks. The difference of two rates by its standard error is Student's t with the
 * degrees of freedom of Welch, and z the normal deviate that is as improbable (Abramowitz
 * and Stegun 26.7.8). p is for all sites together (Bonferroni).
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

#include "rheaper-fleet/sql.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS rheaper_stacks (\n"
	"  stack_id UInt64, -- the same wherever the same files run\n"
	"  shape_id UInt64, -- of the names of functions: outlives a rebuild\n"
	"  build_id LowCardinality(String),\n"
	"  allocator LowCardinality(String),\n"
	"  module Array(LowCardinality(String)), -- of each frame, the innermost first\n"
	"  offset Array(UInt64),\n"
	"  func Array(LowCardinality(String)),\n"
	"  file Array(LowCardinality(String)),\n"
	"  line Array(UInt32),\n"
	"  last_seen DateTime('UTC')\n"
	") ENGINE = ReplacingMergeTree(last_seen) ORDER BY (build_id, stack_id)\n"
	"TTL last_seen + INTERVAL 90 DAY;\n"
	"CREATE TABLE IF NOT EXISTS rheaper_runs (\n"
	"  run_id UUID,\n"
	"  service LowCardinality(String),\n"
	"  version LowCardinality(String),\n"
	"  commit String,\n"
	"  build_id LowCardinality(String),\n"
	"  env LowCardinality(String),\n"
	"  host String,\n"
	"  instance UInt64, -- the first half of run_id\n"
	"  started DateTime64(3, 'UTC'),\n"
	"  ended DateTime64(3, 'UTC'), -- what is known so far\n"
	"  mode Enum8('full' = 1, 'sampled' = 2),\n"
	"  interval UInt64 -- RHEAPER_SAMPLE_BYTES\n"
	") ENGINE = ReplacingMergeTree(ended) ORDER BY (service, started, run_id);\n"
	"CREATE TABLE IF NOT EXISTS rheaper_samples (\n"
	"  service LowCardinality(String),\n"
	"  kind Enum8('alloc' = 1, 'free' = 2, 'inuse' = 3, 'peak' = 4, 'leak' = 5),\n"
	"  ts DateTime('UTC') CODEC(Delta, ZSTD), -- the end of the window\n"
	"  build_id LowCardinality(String) CODEC(ZSTD),\n"
	"  stack_id UInt64 CODEC(ZSTD), -- 0: nothing was live at this snapshot\n"
	"  host LowCardinality(String) CODEC(ZSTD(3)),\n"
	"  instance LowCardinality(UInt64) CODEC(ZSTD(3)),\n"
	"  n UInt32 CODEC(T64, ZSTD), -- blocks that were recorded\n"
	"  objects UInt64 CODEC(ZSTD),\n"
	"  bytes UInt64 CODEC(ZSTD),\n"
	"  var Float64 CODEC(ZSTD), -- of bytes, as an estimate; 0: exact\n"
	"  PROJECTION by_day (SELECT service, kind, toDate(ts), stack_id, instance,\n"
	"    sum(n), sum(objects), sum(bytes), sum(var)\n"
	"    GROUP BY service, kind, toDate(ts), stack_id, instance),\n"
	"  PROJECTION snapshots (SELECT service, kind, instance, ts, count()\n"
	"    GROUP BY service, kind, instance, ts)\n"
	") ENGINE = MergeTree PARTITION BY toDate(ts)\n"
	"ORDER BY (service, kind, toStartOfHour(ts), stack_id, host, instance, ts)\n"
	"TTL ts + INTERVAL 30 DAY\n"
	"SETTINGS non_replicated_deduplication_window = 10000,\n"
	/* A part has few processes beside its rows */
	"  allow_suspicious_low_cardinality_types = 1;\n";

/* Processes, a row each: a table that is not merged yet has several. */
#define RUNS                                                                             \
	"runs AS (SELECT instance,\n"                                                    \
	"    max(CASE WHEN version = {after} THEN 1 ELSE 0 END) AS side,\n"              \
	"    max(CASE WHEN host = '' THEN toString(instance) ELSE host END) AS unit,\n"  \
	"    min(started) AS began, max(ended) AS done\n"                                \
	"  FROM rheaper_runs WHERE service = {service}\n"                                \
	"    AND version IN ({before}, {after}){runs_time} GROUP BY instance),\n"

/* What site a stack is of, and what a site is called: the texts are joined last */
#define SHAPES                                                                           \
	"shapes AS (SELECT stack_id AS id, max(shape_id) AS shape\n"                     \
	"  FROM rheaper_stacks GROUP BY stack_id),\n"                                    \
	"names AS (SELECT coalesce(nullIf(shape_id, 0), stack_id) AS of_site,\n"         \
	"    max(arrayStringConcat(arraySlice(func, 1, 4), ' < ')) AS name\n"            \
	"  FROM rheaper_stacks GROUP BY coalesce(nullIf(shape_id, 0), stack_id)),\n"

static const char units_of_hours[] =
	"units AS (SELECT side, unit,\n"
	"    sum(dateDiff('millisecond', {began}, {done})) / 3600000.0 AS t\n"
	"  FROM runs GROUP BY side, unit),\n";

static const char units_of_snapshots[] =
	"units AS (SELECT side, unit, count(*) * 1.0 AS t\n"
	"  FROM (SELECT instance AS i, ts FROM rheaper_samples\n"
	"    WHERE service = {service} AND kind = {kind}{samples_time}\n"
	"    GROUP BY instance, ts) s\n"
	"  JOIN runs r ON r.instance = s.i GROUP BY side, unit),\n";

static const char units_of_bytes[] =
	"units AS (SELECT side, unit, sum(s.b) / 1073741824.0 AS t\n"
	"  FROM (SELECT instance AS i, sum(bytes) AS b FROM rheaper_samples\n"
	"    WHERE service = {service} AND kind = {kind}{samples_time}\n"
	"    GROUP BY instance) s\n"
	"  JOIN runs r ON r.instance = s.i GROUP BY side, unit),\n";

static const char diff_sums[] =
	"sums AS (SELECT coalesce(nullIf(k.shape, 0), s.id) AS shape, r.side AS side,\n"
	"    r.unit AS unit, sum(s.b) AS b, sum(s.v) AS v,\n"
	"    sum(s.n) AS n\n"
	"  FROM (SELECT instance AS i, stack_id AS id, sum(bytes) * 1.0 AS b,\n"
	"      sum(var) AS v, sum(n) AS n FROM rheaper_samples\n"
	"    WHERE service = {service} AND kind = {kind}{samples_time}\n"
	"      AND stack_id <> 0\n"
	"    GROUP BY instance, stack_id) s\n"
	"  JOIN runs r ON r.instance = s.i LEFT JOIN shapes k ON k.id = s.id\n"
	"  GROUP BY coalesce(nullIf(k.shape, 0), s.id), r.side, r.unit),\n"
	"sides AS (SELECT sum(CASE WHEN side = 0 THEN 1 ELSE 0 END) AS h0,\n"
	"    sum(CASE WHEN side = 1 THEN 1 ELSE 0 END) AS h1,\n"
	"    sum(CASE WHEN side = 0 THEN t ELSE 0 END) AS t0,\n"
	"    sum(CASE WHEN side = 1 THEN t ELSE 0 END) AS t1,\n"
	"    sum(CASE WHEN side = 0 THEN t * t ELSE 0 END) AS tt0,\n"
	"    sum(CASE WHEN side = 1 THEN t * t ELSE 0 END) AS tt1 FROM units),\n"
	"sites AS (SELECT s.shape AS shape,\n"
	"    sum(CASE WHEN s.side = 0 THEN b ELSE 0 END) AS b0,\n"
	"    sum(CASE WHEN s.side = 1 THEN b ELSE 0 END) AS b1,\n"
	"    sum(CASE WHEN s.side = 0 THEN b * b ELSE 0 END) AS bb0,\n"
	"    sum(CASE WHEN s.side = 1 THEN b * b ELSE 0 END) AS bb1,\n"
	"    sum(CASE WHEN s.side = 0 THEN b * t ELSE 0 END) AS bt0,\n"
	"    sum(CASE WHEN s.side = 1 THEN b * t ELSE 0 END) AS bt1,\n"
	"    sum(CASE WHEN s.side = 0 THEN v * {v_times} ELSE 0 END) AS v0,\n"
	"    sum(CASE WHEN s.side = 1 THEN v * {v_times} ELSE 0 END) AS v1,\n"
	"    sum(CASE WHEN s.side = 0 THEN n ELSE 0 END) AS n0,\n"
	"    sum(CASE WHEN s.side = 1 THEN n ELSE 0 END) AS n1,\n"
	"    sum(CASE WHEN s.side = 0 THEN 1 ELSE 0 END) AS hosts0,\n"
	"    sum(CASE WHEN s.side = 1 THEN 1 ELSE 0 END) AS hosts1\n"
	"  FROM sums s JOIN units u ON u.side = s.side AND u.unit = s.unit\n"
	"  GROUP BY s.shape),\n"
	"rates AS (SELECT *, b0 / nullIf(t0, 0) AS r0, b1 / nullIf(t1, 0) AS r1\n"
	"  FROM sites CROSS JOIN sides),\n"
	"spreads AS (SELECT *,\n"
	"    v0 / (t0 * t0) AS e0, v1 / (t1 * t1) AS e1,\n"
	"    h0 / nullIf(h0 - 1.0, 0) * (bb0 - 2 * r0 * bt0 + r0 * r0 * tt0)\n"
	"      / (t0 * t0) AS s0,\n"
	"    h1 / nullIf(h1 - 1.0, 0) * (bb1 - 2 * r1 * bt1 + r1 * r1 * tt1)\n"
	"      / (t1 * t1) AS s1\n"
	"  FROM rates),\n"
	/* Below a billionth of the rates there is rounding alone */
	"errors AS (SELECT *, 1e-18 * (r0 + r1) * (r0 + r1)\n"
	"      + CASE WHEN s0 > e0 THEN s0 ELSE e0 END AS d0,\n"
	"    CASE WHEN s1 > e1 THEN s1 ELSE e1 END AS d1\n"
	"  FROM spreads),\n"
	"tests AS (SELECT *, (r1 - r0) / nullIf(sqrt(d0 + d1), 0) AS t,\n"
	"    (d0 + d1) * (d0 + d1) / nullIf(d0 * d0 / nullIf(h0 - 1.0, 0)\n"
	"      + d1 * d1 / nullIf(h1 - 1.0, 0), 0) AS nu\n"
	"  FROM errors),\n"
	/* How many sites there are: each mention of a CTE makes ClickHouse ask it anew */
	"deviates AS (SELECT *, count(*) OVER () AS k,\n"
	"    t * (1 - 1 / (4 * nu)) / sqrt(1 + t * t / (2 * nu)) AS z\n"
	"  FROM tests),\n"
	"answers AS (SELECT *, CASE\n"
	"    WHEN erfc(abs(z) / sqrt(2.0)) * k < 1\n"
	"    THEN erfc(abs(z) / sqrt(2.0)) * k\n"
	"    ELSE 1.0 END AS p\n"
	"  FROM deviates)\n"
	"SELECT shape AS site, r0 AS bytes_before, r1 AS bytes_after,\n"
	"  r1 - r0 AS change, 1.96 * sqrt(d0 + d1) AS plus_minus, z,\n"
	"  CASE WHEN z IS NULL THEN NULL ELSE p END AS p_of_all,\n"
	"  CASE WHEN z IS NOT NULL AND p <= {level} THEN 1 ELSE 0 END AS changed,\n"
	"  hosts0 AS hosts_before, hosts1 AS hosts_after, n0 AS samples_before,\n"
	"  n1 AS samples_after, name AS stack\n"
	"FROM answers LEFT JOIN names ON of_site = shape\n"
	"ORDER BY p, abs(r1 - r0) DESC, shape LIMIT {limit};\n";

static const char top[] =
	"WITH " SHAPES
	"counts AS (SELECT instance AS i, {count} AS c FROM rheaper_samples\n"
	"  WHERE service = {service} AND kind = {kind}{samples_time}\n"
	"  GROUP BY instance),\n"
	"sums AS (SELECT id, sum(m) AS n, sum(objects / c) AS o, sum(bytes / c) AS b,\n"
	"    sum(v / c) AS v\n"
	"  FROM (SELECT instance AS j, stack_id AS id, sum(n) AS m,\n"
	"      sum(objects) AS objects, sum(bytes) AS bytes, sum(var) AS v\n"
	"    FROM rheaper_samples\n"
	"    WHERE service = {service} AND kind = {kind}{samples_time}\n"
	"      AND stack_id <> 0\n"
	"    GROUP BY instance, stack_id) s JOIN counts ON i = j\n"
	"  GROUP BY id),\n"
	"sites AS (SELECT coalesce(nullIf(k.shape, 0), s.id) AS site, sum(s.b) AS b,\n"
	"    sum(s.v) AS v, sum(s.o) AS o, sum(s.n) AS n\n"
	"  FROM sums s LEFT JOIN shapes k ON k.id = s.id\n"
	"  GROUP BY coalesce(nullIf(k.shape, 0), s.id))\n"
	"SELECT site, b AS bytes, 1.96 * sqrt(v) AS plus_minus, o AS objects,\n"
	"  n AS samples, name AS stack\n"
	"FROM sites LEFT JOIN names ON of_site = site\n"
	"ORDER BY b DESC, site LIMIT {limit};\n";

/* A row for each frame, for engines disagree about how an array becomes rows. A table
 * that is not merged yet has a stack several times. */
static const char site[] =
	"WITH chosen AS (SELECT build_id AS build, stack_id AS id,\n"
	"    max(last_seen) AS seen\n"
	"  FROM rheaper_stacks WHERE shape_id = {site} OR stack_id = {site}\n"
	"  GROUP BY build_id, stack_id ORDER BY build_id, stack_id LIMIT {limit}),\n"
	"digits AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL\n"
	"  SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL\n"
	"  SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9),\n"
	"numbers AS (SELECT 1000 * a.d + 100 * b.d + 10 * c.d + e.d + 1 AS frame\n"
	"  FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits e)\n"
	"SELECT s.build_id AS build_id, s.stack_id AS stack_id,\n"
	"  max(s.allocator) AS allocator, frame,\n"
	"  max(arrayElement(s.func, frame)) AS function,\n"
	"  max(arrayElement(s.file, frame)) AS file,\n"
	"  max(arrayElement(s.line, frame)) AS line\n"
	"FROM rheaper_stacks s\n"
	"JOIN chosen k ON k.build = s.build_id AND k.id = s.stack_id\n"
	"  AND k.seen = s.last_seen\n"
	"CROSS JOIN numbers WHERE frame <= length(s.func)\n"
	"GROUP BY s.build_id, s.stack_id, frame\n"
	"ORDER BY build_id, stack_id, frame;\n";

/* As ClickHouse reads them */
static void quote(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static bool is_alloc(const struct sql *sql)
{
	return strcmp(sql->kind, "alloc") == 0;
}

static void put_time(FILE *out, const char *column, const char *than, const char *time)
{
	if (!time)
		return;
	fprintf(out, " AND %s %s ", column, than);
	quote(out, time);
}

/* Whole days are asked of the table's sums of each day. */
static void put_samples_time(FILE *out, const char *time, const char *than,
			     const char *than_day)
{
	if (time && strlen(time) == strlen("2026-01-31"))
		put_time(out, "toDate(ts)", than_day, time);
	else
		put_time(out, "ts", than, time);
}

/* The part of a process's time that counts. */
static void put_bound(FILE *out, const char *column, const char *bound, const char *than)
{
	if (!bound) {
		fputs(column, out);
		return;
	}
	fprintf(out, "CASE WHEN %s %s ", column, than);
	quote(out, bound);
	fprintf(out, " THEN %s ELSE toDateTime64(", column);
	quote(out, bound);
	fputs(", 3, 'UTC') END", out);
}

static void put_name(FILE *out, const char *name, const struct sql *sql)
{
	if (strcmp(name, "service") == 0)
		quote(out, sql->service);
	else if (strcmp(name, "before") == 0)
		quote(out, sql->before);
	else if (strcmp(name, "after") == 0)
		quote(out, sql->after);
	else if (strcmp(name, "kind") == 0)
		quote(out, sql->kind);
	else if (strcmp(name, "site") == 0)
		fputs(sql->site, out);
	else if (strcmp(name, "level") == 0)
		fprintf(out, "%g", sql->level);
	else if (strcmp(name, "limit") == 0)
		fprintf(out, "%zu", sql->limit);
	else if (strcmp(name, "v_times") == 0)
		fputs(is_alloc(sql) || sql->per_gib ? "1" : "t", out);
	else if (strcmp(name, "began") == 0)
		put_bound(out, "began", sql->from, ">");
	else if (strcmp(name, "done") == 0)
		put_bound(out, "done", sql->to, "<");
	else if (strcmp(name, "runs_time") == 0) {
		put_time(out, "ended", ">", sql->from);
		put_time(out, "started", "<", sql->to);
	} else if (strcmp(name, "samples_time") == 0) {
		put_samples_time(out, sql->from, ">", ">=");
		put_samples_time(out, sql->to, "<=", "<");
	} else if (strcmp(name, "count") == 0) {
		/* What was live is an average over snapshots: stack 0, too */
		fputs(is_alloc(sql) ? "1.0" : "count(DISTINCT ts) * 1.0", out);
	}
}

static void expand(FILE *out, const char *text, const struct sql *sql)
{
	const char *open, *close;

	while ((open = strchr(text, '{')) && (close = strchr(open, '}'))) {
		char name[16] = "";

		fwrite(text, 1, (size_t)(open - text), out);
		memcpy(name, open + 1, (size_t)(close - open - 1));
		put_name(out, name, sql);
		text = close + 1;
	}
	fputs(text, out);
}

void sql_schema(FILE *out, const struct sql *sql)
{
	(void)sql;
	fputs(schema, out);
}

void sql_top(FILE *out, const struct sql *sql)
{
	expand(out, top, sql);
}

void sql_diff(FILE *out, const struct sql *sql)
{
	expand(out, "WITH " RUNS SHAPES, sql);
	expand(out,
	       sql->per_gib    ? units_of_bytes
	       : is_alloc(sql) ? units_of_hours
			       : units_of_snapshots,
	       sql);
	expand(out, diff_sums, sql);
}

void sql_site(FILE *out, const struct sql *sql)
{
	expand(out, site, sql);
}
