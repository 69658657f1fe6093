// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/load-fixture.h"

int fixture_open(struct fixture *f, const char *path)
{
	struct reader_sink sink;
	int error;

	memset(f, 0, sizeof(*f));
	assert_int_equal(catalog_init(&f->catalog, &sink), 0);
	error = reader_open(&f->reader, path, &sink);
	if (error)
		return error;
	catalog_limit_ids(&f->catalog, reader_n_records_max(f->reader));
	assert_int_equal(merge_new(&f->merge, f->reader), 0);
	assert_int_equal(pair_new(&f->pair, f->merge, f->reader, &f->catalog), 0);
	return 0;
}

void fixture_close(struct fixture *f)
{
	pair_free(f->pair);
	merge_free(f->merge);
	reader_close(f->reader);
	catalog_fini(&f->catalog);
}

int fixture_pair(struct fixture *f)
{
	struct pair_row rows[PAIR_MAX_ROWS];
	int result;

	while ((result = pair_next(f->pair, rows)) > 0) {
		for (int i = 0; i < result; i++, f->n_rows++) {
			if (f->n_rows < FIXTURE_MAX_ROWS)
				f->rows[f->n_rows] = rows[i];
		}
		while (f->n_chains < FIXTURE_MAX_ROWS &&
		       pair_next_chain(f->pair, &f->chains[f->n_chains]) == 1)
			f->n_chains++;
	}
	return result;
}

void fixture_load(struct fixture *f, struct trace_writer *w)
{
	static const char *path;

	if (!path)
		path = test_path("fixture.bin");
	writer_save(w, path);
	assert_int_equal(fixture_open(f, path), 0);
	assert_int_equal(fixture_pair(f), 0);
}
