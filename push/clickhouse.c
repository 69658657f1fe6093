// SPDX-License-Identifier: MIT
/*
 * ClickHouse: POST /?query=INSERT, rows in its format RowBinary, into the tables of
 * `rheaper-fleet schema`. A window is a request for each table: what stacks did, the
 * stacks that were not sent before, and the process.
 *
 * A request's rows have the order of the table's key, so that they are a part of it as
 * they are. Each insert has a token, which the table remembers: who sends it again
 * changes nothing.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "common/path.h"
#include "pprof/gzip.h"
#include "symbols/signature.h"

#include "push/engine.h"
#include "push/http.h"
#include "push/text.h"

/* Of rheaper_samples.kind */
enum kind {
	KIND_ALLOC = 1,
	KIND_INUSE = 3,
	KIND_PEAK = 4
};

#define SIZE_OF_SAMPLE 64 /* some */
#define SIZE_OF_FRAME 96

struct row {
	uint64_t stack_id;
	const struct push_stack *stack;
	struct windows_values of;
};

struct body {
	const struct push_window *window;
	FILE *out;
	struct gzip *gzip;
	struct map modules; /* by number, where they are in the process */
	struct row *rows;
	size_t n_rows, n_rows_max, size;
};

static _Noreturn void die_memory(void)
{
	die("write rows: out of memory");
}

/* Numbers are little-endian */
static void put_number(struct body *b, uint64_t number, size_t bytes)
{
	unsigned char text[8];

	for (size_t i = 0; i < bytes; i++)
		text[i] = (unsigned char)(number >> 8 * i);
	gzip_write(b->gzip, text, bytes);
}

static void put_real(struct body *b, double real)
{
	uint64_t number;

	memcpy(&number, &real, sizeof(number));
	put_number(b, number, sizeof(number));
}

/* Of a variance 16 bits are enough, and those that are 0 take no room in the table. */
static double rounded(double variance)
{
	int exponent;
	double fraction = frexp(variance, &exponent);

	return ldexp(rint(ldexp(fraction, 16)), exponent - 16);
}

/* A length: seven bits in each byte, the lowest first */
static void put_length(struct body *b, size_t length)
{
	for (; length >= 0x80; length >>= 7)
		put_number(b, (length & 0x7f) | 0x80, 1);
	put_number(b, length, 1);
}

static void put_text(struct body *b, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	put_length(b, length);
	gzip_write(b->gzip, text ? text : "", length);
}

static void put_file(struct body *b, const char *path)
{
	put_text(b, path && b->window->redacted ? path_base(path) : path);
}

static const char *label(const struct push_window *w, const char *name)
{
	return push_labels_find(w->labels, name);
}

static const char *build_id_of(const struct push_window *w)
{
	return label(w, "process.executable.build_id.gnu");
}

/* Two hashes of what tells a process from all others. */
struct run_id {
	uint64_t high, low;
};

static uint64_t hash_run(uint64_t hash, const struct push_process *p)
{
	hash = push_hash(hash, p->host ? p->host : "");
	hash = push_hash_number(hash, p->pid);
	hash = push_hash_number(hash, p->started_ns);
	return push_hash_number(hash, p->started_ticks);
}

static struct run_id run_id_of(const struct push_process *p)
{
	return (struct run_id){map_hash(hash_run(push_hash(PUSH_HASH, "run"), p)),
			       map_hash(hash_run(push_hash(PUSH_HASH, "id"), p))};
}

static void *begin(FILE *out, const struct push_window *w)
{
	struct body *b = calloc(1, sizeof(*b));

	if (!b)
		die_memory();
	b->window = w;
	b->out = out;
	b->gzip = gzip_new(out);
	if (!b->gzip)
		die_memory();
	for (size_t i = 0; i < w->process->n_modules; i++) {
		uint64_t number = (uint64_t)w->process->modules[i].module;

		if (map_get(&b->modules, number) == MAP_NONE &&
		    map_put(&b->modules, number, (uint32_t)i))
			die_memory();
	}
	return b;
}

static const struct push_place *place_of(const struct body *b, const struct push_stack *s,
					 size_t i)
{
	const struct push_process *p = b->window->process;

	return &p->places[p->numbers[s->first + i]];
}

/* A module, or NULL. */
static const struct profile_module *module_of(const struct body *b,
					      const struct push_place *place)
{
	uint32_t i = map_get(&b->modules, (uint64_t)place->frames->module);

	return i == MAP_NONE ? NULL : &b->window->process->modules[i];
}

/* Where a place is in its module: the same wherever that was loaded. */
static uint64_t offset_of(const struct push_place *place,
			  const struct profile_module *module)
{
	return (uint64_t)place->frames->address - (module ? (uint64_t)module->start : 0);
}

/* The same on every machine that runs the same files. */
static uint64_t stack_id_of(const struct body *b, const struct push_stack *stack)
{
	uint64_t hash = push_hash(PUSH_HASH, stack->allocator ? stack->allocator : "");

	for (size_t i = 0; i < stack->n; i++) {
		const struct push_place *place = place_of(b, stack, i);
		const struct profile_module *module = module_of(b, place);
		const char *name = !module || *module->build_id ? NULL : module->path;

		hash = push_hash(hash, name     ? path_base(name)
				       : module ? module->build_id
						: "");
		hash = push_hash_number(hash, (int64_t)offset_of(place, module));
	}
	return map_hash(hash);
}

static void put(void *context, const struct push_sample *sample)
{
	struct body *b = context;
	bool stacks = b->window->parts == PUSH_STACKS;

	if (array_grow((void **)&b->rows, &b->n_rows_max, b->n_rows + 1,
		       sizeof(*b->rows)))
		die_memory();
	b->rows[b->n_rows++] =
		(struct row){stack_id_of(b, sample->stack), sample->stack, *sample->of};
	b->size += stacks ? SIZE_OF_FRAME * (1 + sample->stack->n) : SIZE_OF_SAMPLE;
}

static size_t size(const void *body)
{
	return ((const struct body *)body)->size;
}

static uint64_t not_negative(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0;
}

static const int64_t *values_of(const struct row *row, enum kind kind)
{
	return row->of.values +
	       (kind == KIND_ALLOC ? PROFILE_ALLOCATIONS : PROFILE_LIVE_BLOCKS);
}

/* Snapshots are told apart by their second: that of a last window which is shorter than
 * one is the next. */
static uint64_t second_of(const struct push_window *w)
{
	int64_t end = w->end_ns / 1000000000, begin = w->begin_ns / 1000000000;

	return (uint64_t)(w->of_peak || end > begin ? end : begin + 1);
}

static void put_values(struct body *b, enum kind kind, const struct row *row)
{
	const struct push_window *w = b->window;
	const int64_t *values = values_of(row, kind);
	int live = kind != KIND_ALLOC;
	uint64_t n = not_negative(row->of.n[live]);

	put_text(b, label(w, "service.name"));
	put_number(b, kind, 1);
	put_number(b, second_of(w), 4);
	put_text(b, build_id_of(w));
	put_number(b, row->stack_id, 8);
	put_text(b, label(w, "host.name"));
	put_number(b, run_id_of(w->process).high, 8);
	put_number(b, n < UINT32_MAX ? n : UINT32_MAX, 4);
	put_number(b, not_negative(values[0]), 8);
	put_number(b, not_negative(values[1]), 8);
	put_real(b, rounded(row->of.variance[live]));
}

/* Returns whether there was anything. */
static bool put_sample(struct body *b, const struct row *row, enum kind kind)
{
	const int64_t *values = values_of(row, kind);
	bool any = values[0] || values[1];

	if (any)
		put_values(b, kind, row);
	return any;
}

/* Who takes an average over snapshots has to know of one in which nothing was live: it is
 * a row of no stack. */
static void put_live(struct body *b)
{
	enum kind kind = b->window->of_peak ? KIND_PEAK : KIND_INUSE;
	size_t n = 0;

	for (size_t i = 0; i < b->n_rows; i++)
		n += put_sample(b, &b->rows[i], kind);
	if (!n)
		put_values(b, kind, &(struct row){0});
}

static void put_samples(struct body *b)
{
	unsigned int parts = b->window->parts;

	for (size_t i = 0; parts & PUSH_ALLOC && i < b->n_rows; i++)
		put_sample(b, &b->rows[i], KIND_ALLOC);
	if (parts & PUSH_INUSE)
		put_live(b);
}

/* The frames of a stack, the innermost first; what is inlined, too. */
typedef void frame_fn(struct body *b, const struct push_place *place,
		      const struct profile_frame *frame);

static void each_frame(struct body *b, const struct push_stack *stack, frame_fn *visit)
{
	size_t n = 0;

	for (size_t i = 0; i < stack->n; i++)
		n += place_of(b, stack, i)->n;
	put_length(b, n);
	for (size_t i = 0; i < stack->n; i++) {
		const struct push_place *place = place_of(b, stack, i);

		for (size_t k = 0; k < place->n; k++)
			visit(b, place, &place->frames[k]);
	}
}

static void put_module(struct body *b, const struct push_place *place,
		       const struct profile_frame *frame)
{
	const struct profile_module *module = module_of(b, place);

	(void)frame;
	put_file(b, module ? module->path : "");
}

static void put_offset(struct body *b, const struct push_place *place,
		       const struct profile_frame *frame)
{
	(void)frame;
	put_number(b, offset_of(place, module_of(b, place)), 8);
}

static void put_function(struct body *b, const struct push_place *place,
			 const struct profile_frame *frame)
{
	(void)place;
	put_text(b, frame->function);
}

static void put_source(struct body *b, const struct push_place *place,
		       const struct profile_frame *frame)
{
	(void)place;
	put_file(b, frame->file);
}

static void put_line(struct body *b, const struct push_place *place,
		     const struct profile_frame *frame)
{
	(void)place;
	put_number(b, not_negative(frame->line), 4);
}

/* The frames up to main; without main, those before what begins a thread: as
 * loading/signer.c does, whose signature this is. */
static size_t count_named(const struct profile_frame *const *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(frames[i]->function, "main") == 0)
			return i + 1;
	while (n > 0 && signature_is_startup(frames[n - 1]->function))
		n--;
	return n;
}

static uint64_t shape_id_of(const struct body *b, const struct push_stack *stack)
{
	const struct profile_frame **frames = NULL;
	size_t n = 0, n_max = 0;
	uint64_t hash = SIGNATURE_BEGIN;

	for (size_t i = 0; i < stack->n; i++) {
		const struct push_place *place = place_of(b, stack, i);

		if (array_grow((void **)&frames, &n_max, n + place->n, sizeof(*frames)))
			die_memory();
		for (size_t k = 0; k < place->n && place != b->window->process->places;
		     k++)
			frames[n++] = &place->frames[k];
	}
	if (stack->allocator)
		hash = signature_add(hash, stack->allocator);
	n = count_named(frames, n);
	for (size_t i = 0; i < n; i++)
		if (!frames[i]->inferred)
			hash = signature_add(hash, frames[i]->function);
	free(frames);
	return hash;
}

static void put_stack(struct body *b, const struct row *row)
{
	static frame_fn *const columns[] = {put_module, put_offset, put_function,
					    put_source, put_line};

	put_number(b, row->stack_id, 8);
	put_number(b, shape_id_of(b, row->stack), 8);
	put_text(b, build_id_of(b->window));
	put_text(b, row->stack->allocator);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		each_frame(b, row->stack, columns[i]);
	put_number(b, (uint64_t)(b->window->end_ns / 1000000000), 4);
}

static void put_run(struct body *b)
{
	const struct push_window *w = b->window;
	const struct push_process *p = w->process;
	struct run_id id = run_id_of(p);

	put_number(b, id.high, 8);
	put_number(b, id.low, 8);
	put_text(b, label(w, "service.name"));
	put_text(b, label(w, "service.version"));
	put_text(b, label(w, "vcs.ref.head.revision"));
	put_text(b, build_id_of(w));
	put_text(b, label(w, "deployment.environment.name"));
	put_text(b, label(w, "host.name"));
	put_number(b, id.high, 8);
	put_number(b, (uint64_t)(p->started_ns / 1000000), 8);
	put_number(b, (uint64_t)(w->end_ns / 1000000), 8);
	put_number(b, p->sample_bytes ? 2 : 1, 1);
	put_number(b, not_negative(p->sample_bytes), 8);
}

static int compare(const void *left, const void *right)
{
	const struct row *l = left, *r = right;

	if (l->stack_id != r->stack_id)
		return l->stack_id < r->stack_id ? -1 : 1;
	return l->stack < r->stack ? -1 : l->stack > r->stack;
}

static void end(void *context)
{
	struct body *b = context;

	qsort(b->rows, b->n_rows, sizeof(*b->rows), compare);
	if (b->window->parts == PUSH_RUN)
		put_run(b);
	else if (b->window->parts == PUSH_STACKS)
		for (size_t i = 0; i < b->n_rows; i++)
			put_stack(b, &b->rows[i]);
	else
		put_samples(b);
	/* A stream that has errors says so when it is closed */
	if (gzip_end(b->gzip))
		die_memory();
	map_fini(&b->modules);
	free(b->rows);
	free(b);
}

const struct push_body push_body_clickhouse = {begin, put, size, end};

static const char *insert_of(unsigned int parts)
{
	if (parts == PUSH_RUN)
		return "INSERT INTO rheaper_runs (run_id, service, version, commit, "
		       "build_id, env, host, instance, started, ended, mode, interval) "
		       "FORMAT RowBinary";
	if (parts == PUSH_STACKS)
		return "INSERT INTO rheaper_stacks (stack_id, shape_id, build_id, "
		       "allocator, module, offset, func, file, line, last_seen) "
		       "FORMAT RowBinary";
	return "INSERT INTO rheaper_samples (service, kind, ts, build_id, stack_id, "
	       "host, instance, n, objects, bytes, var) FORMAT RowBinary";
}

void clickhouse_finish(struct push_request *request, const struct push_window *w)
{
	struct push_text path = push_text_begin();
	struct run_id id = run_id_of(w->process);
	int64_t begin_ms = (w->begin_ns - w->process->started_ns) / 1000000;

	fputs("/?query=", path.out);
	http_escape(path.out, insert_of(w->parts));
	/* An insert that the server may put together with others has no token */
	fprintf(path.out,
		"&async_insert=0&insert_deduplication_token=%016" PRIx64 "%016" PRIx64
		"-%" PRId64 "-%" PRIu32 "-%s%u-%u",
		id.high, id.low, begin_ms, request->length_ms, w->of_peak ? "p" : "",
		w->parts, request->number);
	request->path = push_text_end(&path);
	request->type = "application/octet-stream";
	request->encoding = "gzip";
}
