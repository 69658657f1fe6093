// SPDX-License-Identifier: MIT
/*
 * Blocks are most of a database, so they do not go through a statement each:
 * they are the rows of a virtual table (block-rows.c), and one INSERT ...
 * SELECT copies it. SQLite then appends to the b-tree without being told rows
 * one by one. Measured: 2.5 times as fast as binding and stepping.
 *
 * A database that is not finished is thrown away, so it is written without a
 * journal and without syncs; one fsync comes before the rename. Rows are only
 * ever appended, so a small page cache is enough; and it is better: the cache
 * bounds what CREATE INDEX sorts at a time, and a sort that stays within the
 * processor's cache takes half the time of one that does not.
 *
 * The index holds every column that totals by call stack ask for. One on the
 * stack alone is worse than none: for them SQLite then visits the rows of each
 * stack one by one all over the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/cli.h"
#include "common/text.h"
#include "config.h"
#include "rheaper-load/block-rows.h"
#include "schema.h"

#include "rheaper-load/store.h"

enum statement {
	INSERT_PROCESS,
	INSERT_THREAD,
	INSERT_MODULE,
	INSERT_FUNCTION,
	INSERT_FRAME,
	INSERT_STACK,
	INSERT_STACK_TOTAL,
	INSERT_STACK_FRAME,
	INSERT_MARKER,
	INSERT_LOSS,
	INSERT_TOTAL,
	INSERT_WRONG_SIZE,
	N_STATEMENTS
};

static const char *const statements[N_STATEMENTS] = {
	[INSERT_PROCESS] =
		"INSERT INTO processes (trace, pid, executable, started, duration_ms,"
		" scope, max_stack_depth, sample_bytes, sample_rate,"
		" runtime_version, loader_version, ending)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[INSERT_THREAD] = "INSERT INTO threads VALUES (?, ?, ?)",
	[INSERT_MODULE] = "INSERT INTO modules VALUES (?, ?, ?, ?, ?, ?)",
	[INSERT_FUNCTION] = "INSERT INTO functions VALUES (?, ?, ?)",
	[INSERT_FRAME] = "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?)",
	[INSERT_STACK] = "INSERT INTO stacks VALUES (?, ?, ?, ?, ?)",
	[INSERT_STACK_TOTAL] = "INSERT INTO stack_totals VALUES (?, ?, ?, ?, ?)",
	[INSERT_STACK_FRAME] = "INSERT INTO stack_frames VALUES (?, ?, ?)",
	[INSERT_MARKER] = "INSERT INTO markers VALUES (?, ?, ?)",
	[INSERT_LOSS] = "INSERT INTO losses VALUES (?, ?, ?)",
	[INSERT_TOTAL] = "INSERT INTO totals VALUES (?, ?, ?)",
	[INSERT_WRONG_SIZE] = "INSERT INTO wrong_sizes VALUES (?, ?)",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
	struct block_rows rows;
	char *path;
	bool replace;
};

/* The unfinished file, for the signal handler and for exit; "" if there is
 * none. Changed only while the signals are blocked. */
static char unfinished[4096];

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void remove_unfinished(void)
{
	if (unfinished[0])
		unlink(unfinished);
}

static void on_signal(int number)
{
	remove_unfinished();
	signal(number, SIG_DFL);
	raise(number);
}

static void block_signals(bool block)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		sigaction(deadly[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
	signal(SIGXFSZ, SIG_IGN); /* a write that exceeds the limit then fails */
	atexit(remove_unfinished);
}

static _Noreturn void die_sql(struct store *s, const char *what)
{
	const char *message = sqlite3_errmsg(s->db);

	if (sqlite3_system_errno(s->db) && sqlite3_errcode(s->db) != SQLITE_NOMEM) {
		errno = sqlite3_system_errno(s->db);
		die("%s %s: %s:", what, s->path, message);
	}
	die("%s %s: %s", what, s->path, message);
}

static void execute(struct store *s, const char *sql, const char *what)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die_sql(s, what);
}

/* A new file beside the final name. Its own name is no URI and no option. */
static void create_unfinished(struct store *s)
{
	static bool caught;
	int fd;

	if (!caught)
		catch_signals();
	caught = true;
	block_signals(true);
	if (snprintf(unfinished, sizeof(unfinished), "%s%s.XXXXXX",
		     s->path[0] == '/' ? "" : "./", s->path) >= (int)sizeof(unfinished)) {
		unfinished[0] = 0;
		die("create %s: the name is too long", s->path);
	}
	fd = mkostemp(unfinished, O_CLOEXEC);
	if (fd < 0) {
		unfinished[0] = 0;
		die("create %s:", s->path);
	}
	close(fd);
	block_signals(false);
}

/* Files of SQLite beside an existing database belong to it and would be taken
 * for ours. */
static void check_companions(const char *path)
{
	static const char *const suffixes[] = {"-journal", "-wal"};
	struct stat status;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		char *name = NULL;

		if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
			die("create %s: out of memory", path);
		if (lstat(name, &status) == 0)
			die("create %s: %s is there: the old database is in use, or was"
			    " not closed; remove both",
			    path, name);
		free(name);
	}
}

/* Only what is a database, or nothing yet, is replaced: never a trace or a source
 * file whose name was given by mistake. */
static void check_replaced(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die("replace %s:", path);
	n = read(fd, head, sizeof(head));
	close(fd);
	if (n != 0 && memcmp(head, magic, sizeof(magic)) != 0)
		die("replace %s: it is not a database", path);
}

static void check_path(const char *path, bool replace)
{
	struct stat status;

	if (path[0] == 0)
		die("create the database: its name is empty");
	if (lstat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			die("create %s: it is a directory", path);
		if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
			die("create %s: it exists and is not a file", path);
		if (!replace)
			die("create %s: it exists (--force replaces it)", path);
		check_replaced(path);
	}
	check_companions(path);
}

struct store *store_open(const char *path, bool replace)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		die("create %s: out of memory", path);
	check_path(path, replace);
	s->path = strdup(path);
	s->replace = replace;
	if (!s->path)
		die("create %s: out of memory", path);
	create_unfinished(s);
	if (sqlite3_open_v2(unfinished, &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		die_sql(s, "create");
	execute(s,
		"PRAGMA page_size = 8192;"
		"PRAGMA journal_mode = OFF;"
		"PRAGMA synchronous = OFF;"
		"PRAGMA locking_mode = EXCLUSIVE;"
		"PRAGMA cache_size = -1000;"
		"PRAGMA threads = 1;" /* helps to sort */
		"BEGIN",
		"create");
	execute(s, schema_sql, "create the tables of");
	return s;
}

static void bind_integer(sqlite3_stmt *statement, int i, int64_t value, bool zero_is_null)
{
	if (value == 0 && zero_is_null)
		sqlite3_bind_null(statement, i);
	else
		sqlite3_bind_int64(statement, i, value);
}

/* Bind and run: i: int64_t, z: int64_t with NULL for 0, f: double, t: const
 * char *, UTF-8 or NULL. */
static void insert(struct store *s, enum statement which, const char *types, ...)
{
	sqlite3_stmt *statement = s->statements[which];
	va_list values;

	if (!statement &&
	    sqlite3_prepare_v3(s->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
			       &statement, NULL) != SQLITE_OK)
		die_sql(s, "write to");
	s->statements[which] = statement;
	va_start(values, types);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 'i' || types[i] == 'z')
			bind_integer(statement, i + 1, va_arg(values, int64_t),
				     types[i] == 'z');
		else if (types[i] == 'f')
			sqlite3_bind_double(statement, i + 1, va_arg(values, double));
		else
			sqlite3_bind_text(statement, i + 1, va_arg(values, const char *),
					  -1, SQLITE_TRANSIENT);
	}
	va_end(values);
	if (sqlite3_step(statement) != SQLITE_DONE)
		die_sql(s, "write to");
	sqlite3_reset(statement);
}

int64_t store_blocks(struct store *s, struct pair *pair, store_progress_fn *progress,
		     void *context)
{
	s->rows = (struct block_rows){
		.pair = pair, .progress = progress, .context = context};
	if (block_rows_register(s->db, &s->rows) != SQLITE_OK)
		die_sql(s, "write blocks to");
	if (sqlite3_exec(s->db, "INSERT INTO blocks SELECT * FROM " BLOCK_ROWS_TABLE,
			 NULL, NULL, NULL) != SQLITE_OK) {
		if (s->rows.error)
			return s->rows.error;
		die_sql(s, "write blocks to");
	}
	for (size_t i = 0; i < s->rows.n_wrong_sizes; i++)
		insert(s, INSERT_WRONG_SIZE, "ii", (int64_t)s->rows.wrong_sizes[i].row,
		       (int64_t)s->rows.wrong_sizes[i].size);
	free(s->rows.wrong_sizes);
	return (int64_t)s->rows.n_rows;
}

/* Bytes as UTF-8, for one insert; NULL stays NULL. */
static char *utf8(const char *bytes)
{
	char *text = bytes ? text_utf8(bytes, strlen(bytes)) : NULL;

	if (bytes && !text)
		die("write names: out of memory");
	return text;
}

void store_process(struct store *s, const struct store_process *p)
{
	char *trace = utf8(p->trace), *executable = utf8(p->executable);
	char *version = utf8(p->runtime_version);

	insert(s, INSERT_PROCESS, "tittftiifttt", trace, (int64_t)p->pid, executable,
	       p->started, p->duration_ms, p->scope, (int64_t)p->max_stack_depth,
	       (int64_t)p->sample_bytes, p->sample_rate, version, RHEAPER_VERSION,
	       p->ending);
	free(trace);
	free(executable);
	free(version);
}

void store_thread(struct store *s, uint64_t number, uint64_t tid, const char *name)
{
	insert(s, INSERT_THREAD, "iit", (int64_t)number, (int64_t)tid, name);
}

void store_module(struct store *s, uint64_t number, const char *path_bytes,
		  const char *build_id, uint64_t start, uint64_t end, uint64_t bias)
{
	char *path = utf8(path_bytes);

	insert(s, INSERT_MODULE, "ittiii", (int64_t)number, path, build_id,
	       (int64_t)start, (int64_t)end, (int64_t)bias);
	free(path);
}

void store_function(struct store *s, uint64_t number, const char *name,
		    const char *family)
{
	insert(s, INSERT_FUNCTION, "itt", (int64_t)number, name, family);
}

void store_frame(struct store *s, const struct store_frame *f)
{
	char *sym = utf8(f->sym), *file = utf8(f->file);

	insert(s, INSERT_FRAME, "iizittz", f->frame, (int64_t)f->address,
	       (int64_t)f->module, (int64_t)f->inline_depth, sym, file,
	       (int64_t)(f->line > 0 ? f->line : 0));
	free(sym);
	free(file);
}

void store_stack(struct store *s, const struct store_stack *k)
{
	insert(s, INSERT_STACK, "iiiii", (int64_t)k->stack, (int64_t)k->function,
	       (int64_t)k->depth, (int64_t)k->truncated, (int64_t)k->incomplete);
	if (k->allocations)
		insert(s, INSERT_STACK_TOTAL, "iiiii", (int64_t)k->stack,
		       (int64_t)k->allocations, (int64_t)k->bytes,
		       (int64_t)k->live_blocks, (int64_t)k->live_bytes);
}

void store_stack_frame(struct store *s, uint32_t stack, uint32_t frame_no, int64_t frame)
{
	insert(s, INSERT_STACK_FRAME, "iii", (int64_t)stack, (int64_t)frame_no, frame);
}

void store_mark(struct store *s, double at_ms, uint64_t thread, const char *text)
{
	insert(s, INSERT_MARKER, "fit", at_ms, (int64_t)thread, text);
}

void store_loss(struct store *s, const char *reason, uint64_t count, const char *meaning)
{
	insert(s, INSERT_LOSS, "tit", reason, (int64_t)count, meaning);
}

void store_total(struct store *s, const char *name, double value, const char *meaning)
{
	insert(s, INSERT_TOTAL, "tft", name, value, meaning);
}

/* To the disk, then to the final name. Without --force the name must still be
 * free; a file system that cannot promise that gets a look before the leap. */
static void move_in_place(struct store *s)
{
	int fd = open(unfinished, O_RDWR | O_CLOEXEC);
	int result;

	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		die("write %s to the disk:", s->path);
	block_signals(true);
	if (s->replace) {
		result = rename(unfinished, s->path);
	} else {
		result = renameat2(AT_FDCWD, unfinished, AT_FDCWD, s->path,
				   RENAME_NOREPLACE);
		if (result != 0 && (errno == EINVAL || errno == ENOSYS) &&
		    access(s->path, F_OK) != 0)
			result = rename(unfinished, s->path);
	}
	if (result != 0)
		die("rename the finished database to %s:", s->path);
	unfinished[0] = 0;
	block_signals(false);
}

void store_finish(struct store *s, bool index)
{
	if (index)
		execute(s,
			"CREATE INDEX blocks_by_stack ON blocks"
			" (stack, size, lifetime_ns, alloc_ns)",
			"make the index of");
	execute(s, "COMMIT", "write");
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	if (sqlite3_close(s->db) != SQLITE_OK)
		die_sql(s, "close");
	move_in_place(s);
	free(s->path);
	free(s);
}
