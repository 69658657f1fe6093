#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Allocators that hand out parts of what another one gave them: both are recorded, neither
ends the other's blocks, and leaks are those of the outer blocks. Valgrind is the judge.

usage: check-pools.py RHEAPER-CHECK RHEAPER-LOAD RHEAPER-REPORT BINDIR [LIBRARIES]

Prints TAP, one point per test_ function; what is not installed is skipped. BINDIR has
rheaper-cc, LIBRARIES the libraries of known pools, if the compiler's directory has not.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

CHECK, LOAD, REPORT, BIN = (os.path.abspath(path) for path in sys.argv[1:5])
LIBRARIES = sys.argv[5] if len(sys.argv) > 5 else "/usr/lib/" + subprocess.run(
    ["cc", "-print-multiarch"], capture_output=True, text=True).stdout.strip()
OWN = ("--rheaper-wrap=slab_alloc:malloc:freed-by=slab_free", "--rheaper-wrap=slab_free:free")

# An allocator of its own hands out the first bytes of a chunk, too.
SLAB = """
#include <stdlib.h>
char *chunk;
static size_t used;
__attribute__((noinline)) void slab_begin(void) { chunk = malloc(50000); used = 0; }
__attribute__((noinline)) void *slab_alloc(size_t n) { void *p = chunk + used; used += (n + 15) / 16 * 16; return p; }
__attribute__((noinline)) void slab_free(void *p) { (void)p; }
"""
# Letters say what happens to each of three chunks: f freed, l lost, k kept; and k that of
# two blocks in it the second is not freed.
SLAB_MAIN = """
#include <stdlib.h>
#include <string.h>
void slab_begin(void); void *slab_alloc(size_t); void slab_free(void *);
extern char *chunk;
char *kept[3];
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		slab_begin();
		char *a = slab_alloc(100), *b = slab_alloc(200);
		slab_free(a);
		if (!strchr(argv[1], 'i'))
			slab_free(b);
		if (argv[1][0] == 'f')
			free(chunk);
		else if (argv[1][0] == 'k')
			kept[i] = chunk;
		chunk = a = b = NULL;
	}
	return argc - 2;
}
"""

# A pool is destroyed as a whole; what it handed out is not freed one by one.
POOL = """
#include <stdlib.h>
struct pool { char *buffer; size_t used; };
struct pool *pool_new(void) { struct pool *p = malloc(sizeof(*p)); p->buffer = malloc(65536); p->used = 0; return p; }
__attribute__((noinline)) void *pool_alloc(struct pool *p, size_t n)
{
	void *block = p->buffer + p->used;
	p->used += (n + 15) / 16 * 16;
	return block;
}
__attribute__((noinline)) void pool_destroy(struct pool *p) { free(p->buffer); free(p); }
"""
POOL_MAIN = """
#include <stdlib.h>
struct pool; struct pool *pool_new(void); void *pool_alloc(struct pool *, size_t); void pool_destroy(struct pool *);
static struct pool *volatile last;
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		struct pool *p = pool_new();
		for (int k = 0; k < 10; k++)
			*(void **)pool_alloc(p, 100) = argv;
		pool_destroy(p);
	}
	last = pool_new();
	pool_alloc(last, 24);
	pool_destroy(last);
	return argc - 1;
}
"""


class Bench(Workbench):
    def build(self, name, main, library, *words):
        """A program of two files, for --wrap rewrites calls to another one."""
        sources = [self.file(name + "-main.c", main), self.file(name + "-pool.c", library)]
        self.run("cc", "-g", "-O1", "-pthread", *sources, *(word for word in words if "--rheaper" not in word),
                 "-o", self.path(name + "-plain"))
        self.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O1", "-pthread", *sources, *words, "-o", self.path(name))
        return self.path(name)

    def trace(self, program, *args, **env):
        for old in ("t.bin", "t.db"):
            if os.path.exists(self.path(old)):
                os.remove(self.path(old))
        self.run(program, *args, RHEAPER_TRACE=self.path("t.bin"), **env)
        self.run(LOAD, "--quiet", self.path("t.bin"), self.path("t.db"))
        return sqlite3.connect(self.path("t.db"))

    def verdict(self, status):
        """What rheaper-check says of the last trace."""
        result = subprocess.run([CHECK, "--json", self.path("t.bin")], cwd=self.dir, env=self.env, text=True,
                                capture_output=True)
        assert result.returncode == status, result
        return json.loads(result.stdout)

    def valgrind(self, program, *args):
        """Blocks and bytes definitely lost, as Valgrind says of the plain program."""
        if not shutil.which("valgrind"):
            return None
        text = subprocess.run(["valgrind", "--leak-check=full", program + "-plain", *args], capture_output=True,
                              text=True, env=self.env).stderr
        if "no leaks are possible" in text:
            return 0, 0
        lost = re.search(r"definitely lost: ([\d,]+) bytes in ([\d,]+) blocks", text)
        assert lost, text
        size, blocks = (int(number.replace(",", "")) for number in lost.groups())
        return blocks, size


def leaks(findings):
    return [(f["now"]["leak_blocks"], f["now"]["leak_bytes"]) for f in findings]


def one(db, sql):
    return db.execute(sql).fetchone()


def test_a_block_at_the_start_of_a_chunk_does_not_end_it(b):
    program = b.build("slab", SLAB_MAIN, SLAB, *OWN)
    for letters, blocks in (("l", 3), ("f", 0), ("k", 0)):
        db = b.trace(program, letters, RHEAPER_LEAK_SCAN="1")
        lost = b.valgrind(program, letters)
        assert lost in (None, (blocks, blocks * 50000)), lost
        findings = leaks(b.verdict(1 if blocks else 0)["findings"])
        assert findings == ([(blocks, blocks * 50000)] if blocks else []), (letters, findings)
        assert one(db, "SELECT sum(count) FROM losses") == (0,)
        ends = dict(db.execute("SELECT ending, count(*) FROM inner_allocations GROUP BY 1").fetchall())
        assert ends == {"freed": 6}, ends
    b.trace(program, "l")  # without a scan
    assert leaks(b.verdict(1)["findings"]) == [(3, 150000)]
    b.trace(program, "f")
    assert leaks(b.verdict(0)["findings"]) == []


def test_what_lies_in_a_lost_chunk_is_told_with_it(b):
    program = b.build("slab", SLAB_MAIN, SLAB, *OWN)
    for scan in ("1", "0"):
        db = b.trace(program, "li", RHEAPER_LEAK_SCAN=scan)
        finding, = b.verdict(1)["findings"]
        assert leaks([finding]) == [(3, 150000)], finding
        assert (finding["indirect"]["leak_blocks"], finding["indirect"]["leak_bytes"]) == (3, 600), finding
        said = b.run(CHECK, b.path("t.bin"), status=1)
        assert "3 blocks, 600 bytes: slab_alloc, main" in said, said
        kind = "indirectly lost" if scan == "1" else "not scanned"
        assert one(db, "SELECT DISTINCT leak_kind, size FROM inner_allocations WHERE ending = 'live'") == (kind, 200)
        assert one(db, "SELECT blocks, bytes, indirect_blocks, indirect_bytes FROM leaks_by_kind"
                   " WHERE function = 'slab_begin'") == (3, 150000, 3, 600)
        text = b.run(REPORT, b.path("t.db"))
        assert "600 B only through them" in text, text
    db = b.trace(program, "ki", RHEAPER_LEAK_SCAN="1")
    b.verdict(0)
    assert one(db, "SELECT DISTINCT leak_kind FROM inner_allocations WHERE ending = 'live'") == ("still reachable",)


def test_memory_is_counted_once(b):
    db = b.trace(b.build("slab", SLAB_MAIN, SLAB, *OWN), "li")
    totals = dict(db.execute("SELECT name, value FROM totals").fetchall())
    assert totals["live_bytes"] == totals["peak_bytes"] == totals["allocated_bytes"] == 150000, totals
    assert (totals["allocations"], totals["recorded_blocks"]) == (3, 9), totals
    assert (totals["inner_blocks"], totals["inner_bytes"], totals["inner_live_blocks"], totals["inner_live_bytes"],
            totals["inner_peak_bytes"]) == (6, 900, 3, 600, 700), totals
    for sql in ("SELECT sum(size) FROM allocations", "SELECT sum(live_bytes) FROM call_sites",
                "SELECT allocated_bytes FROM thread_totals", "SELECT max(peak_bytes) FROM call_tree"):
        assert one(db, sql) == (150000,), (sql, one(db, sql))
    assert one(db, "SELECT function, sum(allocations), sum(allocated_bytes), sum(live_bytes) FROM inner_sites") == (
        "main", 6, 900, 600)
    assert one(db, "SELECT count(*) FROM inner_allocations i JOIN sites s ON s.stack = i.outer_stack"
               " WHERE s.function = 'slab_begin'") == (6,)


def test_a_pool_that_is_destroyed_leaves_nothing(b):
    for words in (["--rheaper-wrap=pool_alloc:c:malloc"], ["--rheaper-wrap=pool_alloc:c:malloc:freed-by=pool_free"]):
        program = b.build("pool", POOL_MAIN, POOL, *words)
        assert b.valgrind(program) in (None, (0, 0))
        for scan in ("0", "1"):
            db = b.trace(program, RHEAPER_LEAK_SCAN=scan)
            assert b.verdict(0)["findings"] == []
            assert dict(db.execute("SELECT ending, count(*) FROM inner_allocations GROUP BY 1").fetchall()) == {
                "released": 31}
            assert one(db, "SELECT sum(count) FROM losses") == (0,)
            assert one(db, "SELECT count(*) FROM mismatches") == (0,)


def test_a_wrong_free_of_a_block_in_a_chunk_is_a_mismatch(b):
    main = """
#include <stdlib.h>
void slab_begin(void); void *slab_alloc(size_t); void other_free(void *);
extern char *chunk;
int main(void) { slab_begin(); slab_alloc(8); other_free(slab_alloc(100)); free(chunk); return 0; }
"""
    program = b.build("wrong", main, SLAB + "void *other_alloc(size_t n) { return malloc(n); }\n"
                      "void other_free(void *p) { (void)p; }\n", *OWN, "--rheaper-wrap=other_free:free",
                      "--rheaper-wrap=other_alloc:malloc:freed-by=other_free")
    db = b.trace(program)
    assert db.execute("SELECT size, allocated_by, freed_by FROM mismatches").fetchall() == [
        (100, "slab_alloc", "other_free")]


def test_a_pool_over_memory_of_its_own_is_judged_itself(b):
    """It is in no block that is recorded."""
    library = SLAB.replace("char *chunk;", "static char memory[50000] __attribute__((aligned(16))); char *chunk;").replace(
        "malloc(50000)", "memory")
    db = b.trace(b.build("static", SLAB_MAIN, library, *OWN), "li", RHEAPER_LEAK_SCAN="1")
    assert one(db, "SELECT count(*) FROM inner_allocations") == (0,)
    assert leaks(b.verdict(1)["findings"]) == [(1, 200)]


# A pool takes chunks when it needs them, gives them back, and is of another pool. What is
# large has a chunk of its own.
TREE = """
#include <stdlib.h>
#include <string.h>
struct chunk { struct chunk *next; size_t used; char bytes[4000]; };
struct pool { struct pool *parent, *child, *sibling; struct chunk *chunks; };
int pool_create(struct pool **made, struct pool *parent)
{
	struct pool *p = calloc(1, sizeof(*p));
	p->parent = parent;
	if (parent)
		p->sibling = parent->child, parent->child = p;
	*made = p;
	return 0;
}
__attribute__((noinline)) void *pool_take(size_t n, struct pool *p)
{
	n = (n + 15) / 16 * 16;
	if (!p->chunks || p->chunks->used + n > sizeof(p->chunks->bytes)) {
		struct chunk *c = malloc(sizeof(*c) + n);
		c->next = p->chunks;
		c->used = 0;
		p->chunks = c;
	}
	p->chunks->used += n;
	return p->chunks->bytes + p->chunks->used - n;
}
void pool_end(struct pool *p);
void pool_clear(struct pool *p)
{
	while (p->child) {
		struct pool *child = p->child;
		p->child = child->sibling;
		pool_end(child);
	}
	while (p->chunks && p->chunks->next) {
		struct chunk *next = p->chunks->next;
		free(p->chunks);
		p->chunks = next;
	}
	if (p->chunks)
		p->chunks->used = 0;
}
void pool_end(struct pool *p)
{
	pool_clear(p);
	free(p->chunks);
	free(p);
}
"""
TREE_MAIN = """
#include <stdlib.h>
#include <string.h>
struct pool; int pool_create(struct pool **, struct pool *); void *pool_take(size_t, struct pool *);
void pool_clear(struct pool *); void pool_end(struct pool *);
struct pool *kept;
int main(int argc, char **argv)
{
	struct pool *p, *q;
	pool_create(&p, NULL);
	for (int i = 0; i < 3; i++) {
		pool_create(&q, p);
		for (int k = 0; k < 50; k++)
			memset(pool_take(101, k % 2 ? p : q), 0, 101);
		if (strchr(argv[1], 'c'))
			pool_clear(p);
	}
	pool_take(5000, p);
	if (strchr(argv[1], 'e'))
		pool_end(p);
	else if (strchr(argv[1], 'k'))
		kept = p;
	p = q = NULL;
	return argc - 2;
}
"""
TREE_WORDS = ("--rheaper-wrap=pool_create:(OA)i:freed-by=pool_end", "--rheaper-wrap=pool_take:(ZA)p:freed-by=pool_end",
              "--rheaper-wrap=pool_clear:(a):frees-all-of=1:freed-by=pool_end",
              "--rheaper-wrap=pool_end:(P):frees-all-of=1")


def test_a_pool_is_freed_with_its_blocks_and_its_pools(b):
    program = b.build("tree", TREE_MAIN, TREE, *TREE_WORDS)
    for letters in ("e", "ce", "l", "k"):
        lost = b.valgrind(program, letters)
        for scan in ("1", "0"):
            db = b.trace(program, letters, RHEAPER_LEAK_SCAN=scan)
            b.verdict(0 if "e" in letters or letters + scan == "k1" else 1)
            found = one(db, "SELECT ifnull(sum(blocks), 0), ifnull(sum(bytes), 0) FROM leaks_by_kind"
                        " WHERE leak_kind = 'definitely lost'")
            assert scan == "0" or lost in (None, found), (letters, lost, found)
            assert one(db, "SELECT sum(count) FROM losses") == (0,), db.execute(
                "SELECT reason, count FROM losses WHERE count").fetchall()
            assert one(db, "SELECT count(*) FROM mismatches") == (0,)
            ends = dict(db.execute("SELECT ending, count(*) FROM inner_allocations GROUP BY 1").fetchall())
            live = ends.pop("live", 0)
            # 3 + 1 pools, 150 blocks of 101 bytes, 1 large one
            assert live + sum(ends.values()) == 155 and set(ends) <= {"released", "freed"}, ends
            assert live == (0 if "e" in letters else 155), (letters, live)
    db = b.trace(program, "c")
    assert dict(db.execute("SELECT ending, count(*) FROM inner_allocations GROUP BY 1").fetchall()) == {
        "released": 153, "live": 2}


# Memory is given out again. m, g: a pool ends, and malloc has a block that begins where the
# pool's second one did, or grab one that lies where the first did. r: regrab made a block of
# malloc's smaller, and grab has the rest.
AGAIN_MAIN = """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
struct pool; struct pool *pool_new(void); void *pool_alloc(struct pool *, size_t); void pool_destroy(struct pool *);
void *grab(size_t); void *regrab(void *, size_t);
static void *volatile kept[2];
static void *wait_on(void *none) { pause(); return none; }
__attribute__((noinline)) static void work(char how)
{
	int by_grab = how == 'g';
	for (int i = 0; i < 2; i++)
		*(char *)malloc(700) = 1;
	if (how == 'r') {
		kept[0] = regrab(malloc(117), 21);
		*(char *)grab(78) = 1;
		return;
	}
	struct pool *p = pool_new();
	for (int i = 0; i < 10; i++)
		pool_alloc(p, by_grab ? 4000 : 100);
	pool_destroy(p);
	kept[0] = by_grab ? grab(900) : malloc(104);
	for (int i = 0; i < 2 && by_grab; i++)
		*(char *)grab(600) = 1;
	kept[1] = malloc(44);
}
__attribute__((noinline)) static void cover(void) { volatile char stack[4096]; for (int i = 0; i < 4096; i++) stack[i] = 0; }
int main(int argc, char **argv)
{
	pthread_t thread;
	work(argv[1][0]);
	for (int i = 0; i < atoi(argv[2]); i++)
		pthread_create(&thread, NULL, wait_on, NULL);
	cover();
	return argc - 3;
}
"""
AGAIN = POOL.replace("malloc(65536)", "grab(65536)").replace(
    "struct pool {", "__attribute__((noinline)) void *grab(size_t n) { return malloc(n); }\n"
    "__attribute__((noinline)) void *regrab(void *p, size_t n) { return realloc(p, n); }\nstruct pool {", 1)


def test_memory_that_is_given_out_again_is_judged_as_what_it_is_now(b):
    """Whether other threads run or not: each might excuse a block that was not found."""
    program = b.build("again", AGAIN_MAIN, AGAIN, "--rheaper-wrap=pool_alloc:A:malloc:freed-by=pool_destroy",
                      "--rheaper-wrap=pool_destroy:(a):frees-all-of=1", "--rheaper-wrap=grab:malloc",
                      "--rheaper-wrap=regrab:realloc")
    for how, threads, found in (("m", "0", (2, 1400)), ("m", "4", (2, 1400)), ("g", "0", (4, 2600)),
                                ("g", "4", (4, 2600)), ("r", "0", (3, 1478)), ("r", "4", (3, 1478))):
        judge = b.valgrind(program, how, "0")
        db = b.trace(program, how, threads, RHEAPER_LEAK_SCAN="1")
        assert lost(db) == (judge or lost(db)), (how, threads, lost(db), judge)
        assert lost(db) == found, (how, threads, lost(db))
        assert one(db, "SELECT count(*) FROM allocations WHERE leak_kind = 'not scanned'") == (0,)
        b.verdict(1)
    # Nothing says that these blocks ended: what grab gave out seems to lie in one.
    program = b.build("unsaid", AGAIN_MAIN, AGAIN, "--rheaper-wrap=pool_alloc:c:malloc:freed-by=pool_free",
                      "--rheaper-wrap=grab:malloc")
    db = b.trace(program, "g", "0", RHEAPER_LEAK_SCAN="1")
    assert one(db, "SELECT count(*) FROM allocations WHERE leak_kind = 'not scanned'") != (0,)
    b.verdict(2)


def test_what_a_collector_has_is_no_leak(b):
    main = SLAB_MAIN.replace("free(chunk)", "(void)chunk")
    library = SLAB.replace("char *chunk;", "static char memory[50000] __attribute__((aligned(16))); char *chunk;").replace(
        "malloc(50000)", "memory")
    words = [word + ":collected" if "slab_alloc" in word else word for word in OWN]
    program = b.build("collected", main, library, *words)
    for scan in ("0", "1"):
        db = b.trace(program, "li", RHEAPER_LEAK_SCAN=scan)
        assert b.verdict(0)["findings"] == []
        assert dict(db.execute("SELECT ending, count(*) FROM allocations GROUP BY 1").fetchall()) == {
            "freed": 3, "collected": 3}
        assert one(db, "SELECT sum(count) FROM losses") == (0,)


def test_a_free_that_gives_back_a_chunk(b):
    """The functions take and give back chunks, of which others are recorded, too."""
    library = """
#include <stdlib.h>
static char *chunk;
static int n;
__attribute__((noinline)) void *slab_alloc(size_t size)
{
	if (!n++)
		chunk = malloc(10000);
	return chunk + 1000 * n - 1000 + 0 * size;
}
__attribute__((noinline)) void slab_free(void *p) { (void)p; if (!--n) free(chunk); }
"""
    main = """
#include <stdlib.h>
void *slab_alloc(size_t); void slab_free(void *);
int main(int argc, char **argv)
{
	void *a = slab_alloc(10), *b = slab_alloc(20);
	slab_free(b);
	slab_free(a);
	return argc - 1 + 0 * !argv;
}
"""
    program = b.build("chunks", main, library, *(word + ":chunks" for word in OWN))
    db = b.trace(program)
    assert b.verdict(0)["findings"] == []
    assert db.execute("SELECT size, ending FROM inner_allocations ORDER BY 1").fetchall() == [(10, "freed"), (20, "freed")]
    assert one(db, "SELECT size, ending FROM allocations WHERE size = 10000") == (10000, "freed")
    assert one(db, "SELECT sum(count) FROM losses") == (0,)


# Programs over known pools, in their own words. Functions are declared as in the headers.
TALLOC = """
#include <stddef.h>
void *talloc_named_const(const void *, size_t, const char *); char *talloc_strdup(const void *, const char *);
void *_talloc_realloc(const void *, void *, size_t, const char *); int _talloc_free(void *, const char *);
void talloc_free_children(void *); void *_talloc_zero(const void *, size_t, const char *);
void *kept;
int main(int argc, char **argv)
{
	void *top = talloc_named_const(NULL, 0, "top"), *other = talloc_named_const(NULL, 50, "other");
	for (int i = 0; i < 3; i++) {
		void *r = talloc_named_const(top, 101 + i, "r");
		talloc_strdup(r, "text");
		if (i == 1)
			_talloc_free(r, "here");
		if (i == 2) {
			r = _talloc_realloc(top, r, 5000, "r");
			talloc_strdup(r, "more");
			talloc_free_children(r);
		}
		r = NULL;
	}
	talloc_strdup(_talloc_zero(other, 300, "child"), "grandchild");
	if (argc > 1)
		kept = other;
	other = NULL;
	_talloc_free(top, "here");
	return argc - argc + 0 * !argv;
}
"""
APR = """
#include <stddef.h>
typedef struct apr_pool_t apr_pool_t;
int apr_initialize(void); void apr_terminate(void); void *apr_palloc(apr_pool_t *, size_t);
int apr_pool_create_ex(apr_pool_t **, apr_pool_t *, void *, void *); char *apr_pstrdup(apr_pool_t *, const char *);
void apr_pool_clear(apr_pool_t *); void apr_pool_destroy(apr_pool_t *);
int main(int argc, char **argv)
{
	apr_pool_t *p, *q;
	apr_initialize();
	apr_pool_create_ex(&p, NULL, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		apr_pool_create_ex(&q, p, NULL, NULL);
		for (int k = 0; k < 500; k++) {
			apr_palloc(k % 2 ? p : q, 101);
			apr_pstrdup(q, "text");
		}
		if (i == 1)
			apr_pool_clear(q);
		if (i == 2)
			apr_pool_destroy(q);
	}
	apr_pool_destroy(p);
	apr_pool_create_ex(&p, NULL, NULL, NULL);
	apr_palloc(p, 77);
	p = q = NULL;
	apr_terminate();
	return argc - 1 + 0 * !argv;
}
"""
SLICES = """
#include <stddef.h>
#include <string.h>
void *g_slice_alloc(size_t); void *g_slice_alloc0(size_t); void *g_slice_copy(size_t, const void *);
void g_slice_free1(size_t, void *);
int main(int argc, char **argv)
{
	void *blocks[100];
	for (int i = 0; i < 100; i++)
		blocks[i] = i % 3 ? i % 2 ? g_slice_alloc(48) : g_slice_alloc0(48) : g_slice_copy(48, argv);
	for (int i = 0; i < 100; i++)
		g_slice_free1(48, blocks[i]);
	memset(blocks, 0, sizeof blocks);
	return argc - 1;
}
"""
HEAPS = """
#include <stddef.h>
void *mi_heap_new(void); void *mi_heap_malloc(void *, size_t); void *mi_heap_realloc(void *, void *, size_t);
void mi_heap_destroy(void *); void mi_free(void *); void *mi_malloc(size_t);
void *volatile kept;
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		void *heap = mi_heap_new();
		for (int k = 0; k < 10; k++)
			kept = mi_heap_malloc(heap, 101);
		kept = mi_heap_realloc(heap, kept, 3000);
		mi_free(mi_heap_malloc(heap, 102));
		mi_heap_destroy(heap);
	}
	kept = mi_malloc(103);
	return argc - 1 + 0 * !argv;
}
"""
ARENAS = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void *mallocx(size_t, int); void *rallocx(void *, size_t, int); void dallocx(void *, int);
int mallctl(const char *, void *, size_t *, void *, size_t);
static int flags_of(unsigned arena) { return (int)(arena + 1) << 20 | 1 << 8; /* without the thread's cache */ }
static void give_back(const char *how, unsigned arena)
{
	char name[64];
	snprintf(name, sizeof name, "arena.%u.%s", arena, how);
	if (mallctl(name, NULL, NULL, NULL, 0))
		abort();
}
int main(int argc, char **argv)
{
	void *volatile block;
	for (int i = 0; i < 3; i++) {
		unsigned arena, other;
		size_t size = sizeof arena;
		if (mallctl("arenas.create", &arena, &size, NULL, 0) || mallctl("arenas.create", &other, &size, NULL, 0))
			abort();
		for (int k = 0; k < 10; k++)
			block = mallocx(101, flags_of(arena));
		block = rallocx(block, 3000, flags_of(arena));
		dallocx(mallocx(102, flags_of(arena)), flags_of(arena));
		free(mallocx(103, 0));
		block = mallocx(104, flags_of(other));
		give_back("reset", arena);
		block = mallocx(105, flags_of(arena));
		give_back(argc > 1 ? argv[1] : "destroy", arena);
	}
	block = mallocx(106, 0);
	free(block);
	block = mallocx(107, 0);
	block = NULL;
	return 0;
}
"""
COLLECTOR = """
#include <stddef.h>
void GC_init(void); void *GC_malloc(size_t); void *GC_malloc_atomic(size_t); void GC_free(void *);
void *GC_realloc(void *, size_t); char *GC_strdup(const char *); void *GC_malloc_uncollectable(size_t);
int main(int argc, char **argv)
{
	GC_init();
	for (int i = 0; i < 2000; i++) {
		void **p = GC_malloc(101);
		*p = GC_malloc_atomic(202);
		if (i % 10 == 0) {
			GC_free(*p);
			*p = NULL;
		}
		if (i % 500 == 0)
			p = GC_realloc(p, 1000);
	}
	GC_strdup(argv[0]);
	if (argc > 1)
		GC_malloc_uncollectable(303);
	return 0;
}
"""
OBSTACK = """
#include <obstack.h>
#include <stdlib.h>
#define obstack_chunk_alloc malloc
#define obstack_chunk_free free
struct obstack *volatile kept;
int main(int argc, char **argv)
{
	struct obstack *o = malloc(sizeof(*o));
	obstack_init(o);
	for (int i = 0; i < 1000; i++)
		obstack_grow0(o, argv, 8), obstack_finish(o);
	if (argv[1][0] == 'f') {
		obstack_free(o, NULL);
		free(o);
	} else if (argv[1][0] == 'k') {
		kept = o;
	}
	o = NULL;
	return argc - 2;
}
"""


def known(b, name, code, library, *args):
    """Runs a program over a library, scanned: the database."""
    path = os.path.join(LIBRARIES, library)
    if not os.path.exists(path):
        raise tap.Skip("no " + library)
    b.build(name, code, "int nothing;\n", path, "-Wl,-rpath," + LIBRARIES)
    return b.trace(b.path(name), *args, RHEAPER_LEAK_SCAN="1")


def lost(db):
    return one(db, "SELECT ifnull(sum(blocks), 0), ifnull(sum(bytes), 0) FROM leaks_by_kind"
               " WHERE leak_kind IN ('definitely lost', 'indirectly lost')")


def ends(db, table="allocations"):
    """What became of the blocks of other functions than malloc and the like."""
    stack = "bt" if table == "allocations" else "b.stack"
    return dict(db.execute(f"SELECT ending, count(*) FROM {table} b JOIN stacks s ON s.stack = {stack}"
                           " JOIN allocators f USING (allocator) WHERE family <> 'malloc' GROUP BY 1").fetchall())


def test_talloc(b):
    db = known(b, "talloc", TALLOC, "libtalloc.so.2", "x")
    assert one(db, "SELECT sum(count) FROM losses") == (0,)
    assert one(db, "SELECT count(*) FROM mismatches") == (0,)
    assert b.verdict(0)["findings"] == []
    db = known(b, "talloc", TALLOC, "libtalloc.so.2")
    inner = ends(db, "inner_allocations")
    assert inner["live"] == 3 and set(inner) == {"live", "freed", "released", "resized"}, inner
    # The chunks of what is lost: one for each block
    assert lost(db)[0] == 3, lost(db)
    valgrind = subprocess.run(["valgrind", "--leak-check=full", b.path("talloc-plain")], capture_output=True,
                              text=True).stderr if shutil.which("valgrind") else None
    if valgrind:
        sums = [int(n.replace(",", "")) for n in re.findall(r"(?:definitely|indirectly) lost: ([\d,]+) bytes", valgrind)]
        assert sum(sums) == lost(db)[1], (sums, lost(db))
    b.verdict(1)


def test_apr(b):
    db = known(b, "apr", APR, "libapr-1.so.0")
    # 5 pools, two of which are destroyed by name, and 3001 blocks
    assert ends(db) == {"freed": 2, "released": 3004}, ends(db)
    assert lost(db) == (0, 0) and one(db, "SELECT sum(count) FROM losses") == (0,)
    assert b.verdict(0)["findings"] == []


def test_slices_of_glib(b):
    db = known(b, "slices", SLICES, "libglib-2.0.so.0")
    inner = ends(db, "inner_allocations")
    assert inner == {"freed": 100}, inner
    assert one(db, "SELECT count(*) FROM mismatches") == (0,)
    assert one(db, "SELECT sum(count) FROM losses") == (0,)
    assert lost(db) == (0, 0)


def test_heaps_of_mimalloc(b):
    db = known(b, "heaps", HEAPS, "libmimalloc.so")
    assert ends(db) == {"freed": 3, "live": 1, "released": 30, "resized": 3}, ends(db)
    assert one(db, "SELECT sum(count) FROM losses") == (0,)
    assert one(db, "SELECT count(*) FROM mismatches") == (0,)


def test_arenas_of_jemalloc(b):
    """Those that are destroyed or reset; with another question about one nothing of it ends."""
    db = known(b, "arenas", ARENAS, "libjemalloc.so.2")
    ends = "SELECT size, ending, count(*) FROM allocations JOIN stacks s ON s.stack = bt JOIN allocators f USING (allocator)" \
        " WHERE f.name IN ('mallocx', 'rallocx') GROUP BY 1, 2 ORDER BY 1, 2"
    expected = [(101, "released", 27), (101, "resized", 3), (102, "freed", 3), (103, "freed", 3), (104, "live", 3),
                (105, "released", 3), (106, "freed", 1), (107, "live", 1), (3000, "released", 3)]
    assert db.execute(ends).fetchall() == expected, db.execute(ends).fetchall()
    assert one(db, "SELECT sum(count) FROM losses") == (0,)
    assert one(db, "SELECT count(*) FROM mismatches") == (0,)
    assert lost(db)[0] >= 3, lost(db)
    db = known(b, "arenas", ARENAS, "libjemalloc.so.2", "decay")
    assert (105, "live", 3) in db.execute(ends).fetchall(), db.execute(ends).fetchall()


def test_the_collector_of_boehm(b):
    db = known(b, "collector", COLLECTOR, "libgc.so.1")
    assert ends(db) == {"freed": 200, "resized": 4, "collected": 3801}, ends(db)
    assert one(db, "SELECT sum(count) FROM losses") == (0,)
    assert b.verdict(0)["findings"] == []
    db = known(b, "collector", COLLECTOR, "libgc.so.1", "x")
    assert ends(db).get("live") == 1, ends(db)


def test_obstacks(b):
    """Their chunks are malloc's; what lies in them is handed out by macros."""
    program = b.build("obstack", OBSTACK, "int nothing;\n")
    for letter in "fkl":
        db = b.trace(program, letter, RHEAPER_LEAK_SCAN="1")
        valgrind = b.valgrind(program, letter)
        found = one(db, "SELECT ifnull(sum(blocks), 0), ifnull(sum(bytes), 0) FROM leaks_by_kind"
                    " WHERE leak_kind = 'definitely lost'")
        assert valgrind in (None, found), (letter, valgrind, found)
        b.verdict(1 if letter == "l" else 0)
        assert one(db, "SELECT sum(count) FROM losses") == (0,)


tap.run(globals(), Bench)
