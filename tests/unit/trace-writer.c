// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/packed.h"
#include "tests/unit/trace-writer.h"

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void grow(struct trace_writer *w, size_t n)
{
	w->bytes = realloc(w->bytes, w->size + n);
	must(w->bytes != NULL, "realloc");
	memset(w->bytes + w->size, 0, n);
	w->size += n;
}

struct rhp_file_header *writer_header(struct trace_writer *w)
{
	return (struct rhp_file_header *)(void *)w->bytes;
}

static bool is_packed(struct trace_writer *w)
{
	return writer_header(w)->version >= RHP_TRACE_VERSION_PACKED;
}

void writer_init(struct trace_writer *w, size_t n_records)
{
	writer_init_version(w, n_records, RHP_TRACE_VERSION);
}

void writer_init_version(struct trace_writer *w, size_t n_records, uint16_t version)
{
	bool packed = version >= RHP_TRACE_VERSION_PACKED;

	*w = (struct trace_writer){
		.region_size =
			sizeof(struct rhp_region) + n_records * sizeof(struct rhp_record),
	};
	grow(w, RHP_HEADER_SIZE + RHP_N_SHARDS * RHP_SHARD_STRIDE);
	*writer_header(w) = (struct rhp_file_header){
		.magic = {'r', 'h', 'e', 'a', 'p', 'e', 'r', '\n'},
		.byte_order = RHP_BYTE_ORDER_MARK,
		.version = version,
		.pointer_size = sizeof(void *),
		.header_size = RHP_HEADER_SIZE,
		.record_size = packed ? sizeof(uint64_t) : sizeof(struct rhp_record),
		.head_offset =
			packed ? (uint32_t)(n_records * sizeof(struct rhp_record)) : 0,
		.region_size = (uint32_t)w->region_size,
		.n_shards = RHP_N_SHARDS,
		.shard_offset = RHP_HEADER_SIZE,
		.first_region = w->size,
		.file_end = w->size,
		.state = RHP_STATE_EXITED,
		.pid = 4711,
		.start_realtime_ns = UINT64_C(1700000000123000000),
		.last_ticks = 1000000,
		.last_ns = 1000000,
		.max_stack_depth = 64,
		.capture = 1,
		.sample_rate_ppm = 1000000,
		.runtime_version = "0.1.0",
		.executable = "/usr/bin/example",
	};
}

void writer_fini(struct trace_writer *w)
{
	free(w->bytes);
}

struct rhp_region *writer_region_header(struct trace_writer *w, size_t region)
{
	const struct rhp_file_header *h = writer_header(w);
	size_t offset = h->first_region + region * w->region_size + h->head_offset;

	return (struct rhp_region *)(void *)(w->bytes + offset);
}

char *writer_records(struct trace_writer *w, size_t region)
{
	char *head = (char *)writer_region_header(w, region);

	return is_packed(w) ? head - writer_header(w)->head_offset
			    : head + sizeof(struct rhp_region);
}

static size_t records_size(const struct trace_writer *w)
{
	return w->region_size - sizeof(struct rhp_region);
}

size_t writer_region(struct trace_writer *w, uint16_t stream, enum rhp_region_kind kind,
		     uint64_t sequence)
{
	size_t region = w->n_regions++;

	must(region < WRITER_MAX_REGIONS, "too many regions");
	grow(w, w->region_size);
	w->cursor[region] = (size_t)(writer_records(w, region) - w->bytes);
	w->time[region] = 0;
	*writer_region_header(w, region) = (struct rhp_region){
		.magic = RHP_REGION_MAGIC,
		.kind = (uint16_t)kind,
		.stream = stream,
		.sequence = sequence,
		.end = RHP_REGION_MAGIC,
	};
	writer_header(w)->file_end = w->size;
	return region;
}

void writer_copy_window(struct trace_writer *w, size_t window)
{
	struct rhp_region *from = writer_region_header(w, window), *to;
	size_t chunk = writer_region(w, from->stream, RHP_REGION_CHUNK, from->sequence);

	from = writer_region_header(w, window); /* all may have moved */
	to = writer_region_header(w, chunk);
	to->base_ns = 1;
	to->base_ticks = from->base_ticks;
	to->base = from->base;
	memcpy(writer_records(w, chunk), writer_records(w, window), records_size(w));
}

void writer_clear_window(struct trace_writer *w, size_t window)
{
	struct rhp_region *r = writer_region_header(w, window);

	memset(writer_records(w, window), 0, records_size(w));
	r->sequence++;
	w->cursor[window] = (size_t)(writer_records(w, window) - w->bytes);
	w->time[window] = 0;
}

size_t writer_room(struct trace_writer *w, size_t region)
{
	char *end = writer_records(w, region) + records_size(w);

	return (size_t)(end - (w->bytes + w->cursor[region]));
}

void writer_unit(struct trace_writer *w, size_t region, uint64_t unit)
{
	must(writer_room(w, region) >= sizeof(unit), "region full");
	memcpy(w->bytes + w->cursor[region], &unit, sizeof(unit));
	w->cursor[region] += sizeof(unit);
}

static void put_units(struct trace_writer *w, size_t region, const uint64_t *units,
		      uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		writer_unit(w, region, units[i]);
}

/* A record of format.h becomes a packed one; how many units that has. */
static uint32_t pack(uint64_t units[RHP_WIDE_UNITS])
{
	const struct rhp_record r = {units[0], units[1], units[2]};

	if (rhp_code(&r) == RHP_TEXT)
		return 1;
	if (rhp_code(&r) < RHP_ALLOC || rhp_code(&r) > RHP_REALLOC_FREE)
		return rhp_pack(units, rhp_code(&r), rhp_address(&r), r.b, r.c);
	rhp_pack_wide(units, rhp_code(&r), rhp_address(&r), rhp_stamp(&r),
		      rhp_bits(rhp_time(&r), 0, RHP_WIDE_TIME_BITS), rhp_node(&r),
		      rhp_size(&r));
	return RHP_WIDE_UNITS;
}

void writer_put(struct trace_writer *w, size_t region, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t units[RHP_WIDE_UNITS] = {a, b, c};

	put_units(w, region, units, is_packed(w) && a ? pack(units) : RHP_WIDE_UNITS);
}

void writer_skip(struct trace_writer *w, size_t region)
{
	static const uint64_t nothing[RHP_WIDE_UNITS];

	put_units(w, region, nothing, RHP_WIDE_UNITS);
}

uint64_t writer_take_stamp(struct trace_writer *w, uint64_t address)
{
	uint32_t shard = rhp_shard(address);
	uint64_t stamp = w->next_stamp[shard]++;
	char *counter = w->bytes + RHP_HEADER_SIZE + shard * RHP_SHARD_STRIDE;

	memcpy(counter, &w->next_stamp[shard], sizeof(uint64_t));
	return stamp;
}

/* The time of an event that is earlier than the last one, or too much later, comes before
 * it. */
static void put_packed(struct trace_writer *w, size_t region, struct writer_event e,
		       uint64_t stamp)
{
	uint64_t units[RHP_WIDE_UNITS], last = w->time[region];

	if (w->bytes + w->cursor[region] == writer_records(w, region))
		last = writer_region_header(w, region)->base_ticks;
	if ((e.time - last) >> RHP_WIDE_TIME_BITS != 0)
		writer_put(w, region, RHP_TIME, 0, e.time);
	if (e.size >= RHP_WIDE_SIZE_MAX)
		writer_put(w, region, RHP_SIZE, 0, e.size);
	rhp_pack_wide(units, e.code, e.address, stamp,
		      rhp_bits(e.time, 0, RHP_WIDE_TIME_BITS), e.node, e.size);
	put_units(w, region, units, RHP_WIDE_UNITS);
	w->time[region] = e.time;
}

void writer_stamped(struct trace_writer *w, size_t region, struct writer_event e,
		    uint64_t stamp)
{
	if (is_packed(w)) {
		put_packed(w, region, e, stamp);
		return;
	}
	if (e.size >= RHP_SIZE_MAX) {
		writer_put(w, region, RHP_SIZE, 0, e.size);
		e.size = RHP_SIZE_MAX;
	}
	writer_put(w, region, e.address << 8 | e.code, e.time << RHP_SEQ_BITS | stamp,
		   (uint64_t)e.node << RHP_SIZE_BITS | e.size);
}

void writer_event(struct trace_writer *w, size_t region, struct writer_event e)
{
	writer_stamped(w, region, e, writer_take_stamp(w, e.address));
}

void writer_event_of(struct trace_writer *w, size_t region, struct writer_event e,
		     uint64_t family, uint64_t pool)
{
	writer_put(w, region, RHP_FAMILY, family, pool);
	writer_event(w, region, e);
}

void writer_node(struct trace_writer *w, size_t region, enum rhp_code code, uint32_t id,
		 uint32_t parent, uint64_t address, uint32_t module, uint32_t flags)
{
	writer_put(w, region, address << 8 | code, id | (uint64_t)parent << 32,
		   module | (uint64_t)flags << 32);
}

void writer_blob(struct trace_writer *w, size_t region, enum rhp_blob_type type,
		 uint64_t b, uint64_t c, const void *text, size_t size)
{
	writer_put(w, region, (uint64_t)size << 32 | (uint64_t)type << 8 | RHP_BLOB, b,
		   c);
	for (size_t at = 0, n; at < size; at += n) {
		size_t most = is_packed(w) ? RHP_PACKED_TEXT_BYTES : RHP_TEXT_BYTES;
		struct rhp_text record = {.code = RHP_TEXT};
		uint64_t words[3];

		n = size - at < most ? size - at : most;
		memcpy(record.bytes, (const char *)text + at, n);
		memcpy(words, &record, sizeof(words));
		writer_put(w, region, words[0], words[1], words[2]);
	}
}

void writer_module(struct trace_writer *w, size_t region, uint64_t number, uint64_t bias,
		   const char *path)
{
	struct rhp_module head = {.start = bias, .end = bias + 0x1000000};
	char text[sizeof(head) + 4096];
	size_t length = strlen(path);

	must(length <= 4096, "path too long");
	memcpy(text, &head, sizeof(head));
	memcpy(text + sizeof(head), path, length);
	writer_blob(w, region, RHP_BLOB_MODULE, number, bias, text,
		    sizeof(head) + length);
}

void writer_save_part(struct trace_writer *w, const char *path, size_t size)
{
	/* A file that is cut to nothing and written anew waits for the disk on ext4. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, w->bytes, size) == (ssize_t)size &&
		     ftruncate(fd, (off_t)size) == 0 && close(fd) == 0,
	     path);
}

void writer_save(struct trace_writer *w, const char *path)
{
	writer_save_part(w, path, w->size);
}

static char directory[] = "/tmp/rheaper-test-XXXXXX";

static pid_t owner;

static void remove_directory(void)
{
	DIR *listing;
	struct dirent *entry;

	if (getpid() != owner) /* a child that a test forked */
		return;
	listing = opendir(directory);
	while (listing && (entry = readdir(listing)))
		unlinkat(dirfd(listing), entry->d_name, 0);
	if (listing)
		closedir(listing);
	rmdir(directory);
}

const char *test_path(const char *name)
{
	static char paths[16][sizeof(directory) + 128];
	static size_t n_paths;

	if (n_paths == 0) {
		must(mkdtemp(directory) != NULL, "mkdtemp");
		owner = getpid();
		atexit(remove_directory);
	}
	must(n_paths < 16, "too many names");
	snprintf(paths[n_paths], sizeof(paths[0]), "%s/%s", directory, name);
	return paths[n_paths++];
}
