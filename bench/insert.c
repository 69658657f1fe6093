/* SPDX-License-Identifier: MIT */
/*
 * The measure of the loader: a prepared INSERT for each row, in one transaction without
 * journal, into a table without index. Reads the allocations of a database of
 * rheaper-load into memory, writes them as nine integers a row to another, brings that to
 * the disk. Prints seconds of wall and of CPU time of the writing.
 *
 * usage: insert PROFILE NEW
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#define N_COLUMNS 9

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(sqlite3 *db, int result)
{
	if (result == SQLITE_OK || result == SQLITE_DONE)
		return;
	fprintf(stderr, "insert: %s\n", sqlite3_errmsg(db));
	exit(2);
}

static int64_t *read_rows(const char *path, size_t *n_rows)
{
	static const char sql[] =
		"SELECT b.alloc_ns, b.lifetime_ns, l.stack, b.size, b.address,"
		" l.alloc_thread, l.free_thread, l.free_stack, l.ending"
		" FROM lots l CROSS JOIN blocks b"
		" ON b.block BETWEEN l.first_block AND l.last_block";
	sqlite3_stmt *rows;
	int64_t *values = NULL;
	size_t n_max = 0;
	sqlite3 *db;

	check(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
	check(db, sqlite3_prepare_v2(db, sql, -1, &rows, NULL));
	for (*n_rows = 0; sqlite3_step(rows) == SQLITE_ROW; ++*n_rows) {
		if (*n_rows == n_max) {
			n_max = n_max ? n_max * 2 : 1024;
			values = reallocarray(values, n_max, N_COLUMNS * sizeof(*values));
			if (!values)
				exit(2);
		}
		for (int i = 0; i < N_COLUMNS; i++)
			values[*n_rows * N_COLUMNS + (size_t)i] =
				sqlite3_column_int64(rows, i);
	}
	check(db, sqlite3_finalize(rows));
	sqlite3_close(db);
	return values;
}

static void write_rows(sqlite3 *db, const int64_t *values, size_t n_rows)
{
	sqlite3_stmt *insert;

	check(db,
	      sqlite3_exec(db,
			   "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF;"
			   "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
			   "CREATE TABLE rows (a, b, c, d, e, f, g, h, i); BEGIN",
			   NULL, NULL, NULL));
	check(db, sqlite3_prepare_v3(db, "INSERT INTO rows VALUES (?,?,?,?,?,?,?,?,?)",
				     -1, SQLITE_PREPARE_PERSISTENT, &insert, NULL));
	for (size_t row = 0; row < n_rows; row++) {
		for (int i = 0; i < N_COLUMNS; i++)
			sqlite3_bind_int64(insert, i + 1, *values++);
		check(db, sqlite3_step(insert));
		sqlite3_reset(insert);
	}
	check(db, sqlite3_finalize(insert));
	check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
	double wall, cpu;
	int64_t *values;
	size_t n_rows;
	sqlite3 *db;
	int fd;

	if (argc != 3)
		return 2;
	values = read_rows(argv[1], &n_rows);
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	check(NULL, sqlite3_open(argv[2], &db));
	write_rows(db, values, n_rows);
	check(db, sqlite3_close(db));
	fd = open(argv[2], O_RDWR);
	if (fd < 0 || fsync(fd) != 0)
		return 2;
	printf("%.3f %.3f\n", seconds(CLOCK_MONOTONIC) - wall,
	       seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
