#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-report --pages against what the kernel and glibc say of the same moment: which pages are
resident (/proc/self/pagemap, smaps_rollup), what malloc_trim gives back, what malloc_info counts;
and against the blocks of the database, page by page.

usage: check-pages.py RHEAPER-LOAD RHEAPER-REPORT BUILD/RHEAPER-CC-DIRECTORY SOURCE-ROOT

Prints TAP, one point per test_ function.
"""
import collections
import json
import os
import re
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, REPORT, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:5])
PAGE = 4096
# What malloc has in the heap beside the blocks: the cache of the thread (struct tcache_perthread_struct).
THREAD_CACHE = 0x290

# Long-lived blocks among short-lived ones, which are too large for the caches of freed chunks, so
# that they are merged when they are freed; then malloc_trim. Everything that is measured is read
# without stdio, and once before it counts.
PROGRAM = """
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <rheaper.h>

enum { GROUPS = 800, EACH = 7, FIRSTS = 30, LONG = 104, SHORT = 2200 };

static char *longs[GROUPS], *shorts[GROUPS * EACH], *firsts[FIRSTS], *large[4], *pool, *pool_next;
static char report[4096], buffer[1 << 16];

static char *fill(char *block, size_t size)
{
	return memset(block, 1, size);
}

static char *make_long(void)
{
	if (!pool)
		return fill(malloc(LONG), LONG);
	pool_next += LONG + 8;
	return fill(pool_next - LONG - 8, LONG);
}

static char *make_short(void)
{
	return fill(malloc(SHORT), SHORT);
}

static char *make_large(int i)
{
	return fill(malloc(300000 + 5000 * i), 300000 + 5000 * i);
}

static long resident(void)
{
	char text[2048], *found;
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	found = strstr(text, "Rss:");
	return found ? atol(found + 4) : -1;
}

static long present(uintptr_t from, uintptr_t to)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	long n = 0;
	uint64_t entry;

	for (uintptr_t page = from / 4096; page <= (to - 1) / 4096; page++) {
		if (pread(fd, &entry, 8, page * 8) == 8)
			n += entry >> 63;
	}
	close(fd);
	return n;
}

static void build(void)
{
	for (int i = 0; i < FIRSTS; i++)
		firsts[i] = make_short();
	for (int i = 0, k = 0; i < GROUPS; i++) {
		longs[i] = make_long();
		for (int j = 0; j < EACH; j++, k++)
			shorts[k] = make_short();
	}
	for (int i = 0; i < GROUPS * EACH - 1; i++)
		free(shorts[i]);
	for (int i = 0; i < FIRSTS; i++)
		free(firsts[i]);
}

static void *work(void *unused)
{
	build();
	return unused;
}

int main(int argc, char **argv)
{
	int is_thread = argc > 1 && !strcmp(argv[1], "thread");
	FILE *info = fopen("info.xml", "w");
	uintptr_t low, high;
	long before, after, there, left, large_there = 0;
	pthread_t thread;

	setvbuf(info, buffer, _IOFBF, sizeof(buffer));
	for (int i = 0; i < 4; i++)
		large[i] = make_large(i);
	if (argc > 1 && !strcmp(argv[1], "pool"))
		pool = pool_next = mmap(0, 1 << 20, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_thread) {
		pthread_create(&thread, 0, work, 0);
		pthread_join(thread, 0);
	} else {
		build();
	}
	rheaper_mark("built");
	low = (uintptr_t)firsts[0];
	high = (uintptr_t)shorts[GROUPS * EACH - 1] + SHORT;
	for (int i = 0; i < 4; i++)
		large_there += present((uintptr_t)large[i], (uintptr_t)large[i] + 300000 + 5000 * i);
	malloc_info(0, info);
	fflush(info);
	resident();
	there = present(low, high);
	before = resident();
	malloc_trim(0);
	after = resident();
	left = present(low, high);
	snprintf(report, sizeof(report),
		 "{\\"before\\": %ld, \\"after\\": %ld, \\"there\\": %ld, \\"left\\": %ld, \\"large\\": %ld,"
		 " \\"pool\\": %ld}\\n", before, after, there, left, large_there,
		 pool ? present((uintptr_t)pool, (uintptr_t)pool_next) : 0L);
	(void)!write(1, report, strlen(report));
	return 0;
}
"""

# Blocks of many sizes, of which random ones are freed: for the comparison page by page.
RANDOM = """
#include <stdlib.h>
#include <rheaper.h>

static void *blocks[4000];
static unsigned int state = 7;

static unsigned int next(void)
{
	state = state * 1103515245 + 12345;
	return state >> 16;
}

static void *small(void) { return malloc(next() % 64); }
static void *middle(void) { return malloc(next() % 1500); }
static void *big(void) { return malloc(next() % 40000); }
static void *huge(void) { return malloc(140000 + next() % 300000); }

static void churn(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		unsigned int k = next() % 4000, kind = next() % 200;

		free(blocks[k]);
		blocks[k] = kind < 120 ? small() : kind < 180 ? middle() : kind < 199 ? big() : huge();
		if (i == rounds / 2)
			rheaper_mark("half");
	}
}

int main(void)
{
	churn(30000);
	for (int i = 0; i < 4000; i++) {
		if (i % 5)
			free(blocks[i]);
	}
	return 0;
}
"""

# Threads that work in turn, each of which needs as much as the others, and keeps its last block: what each has free then
# is of no use to the next one, but in one arena.
TURNS = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 6, BLOCKS = 8000, SIZE = 1500 };

static pthread_barrier_t barrier;
static char *kept[THREADS];

static void work(int number)
{
	char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(malloc(SIZE), 1, SIZE);
	for (int i = 0; i < BLOCKS - 1; i++)
		free(blocks[i]);
	kept[number] = blocks[BLOCKS - 1];
}

static void *take_turns(void *number)
{
	free(malloc(1)); /* each has its arena before the first one works */
	for (int i = 0; i < THREADS; i++) {
		pthread_barrier_wait(&barrier);
		if (i == *(int *)number)
			work(i);
	}
	pthread_barrier_wait(&barrier);
	return 0;
}

int main(void)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	long size, resident;
	FILE *statm;

	pthread_barrier_init(&barrier, 0, THREADS);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], 0, take_turns, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], 0);
	statm = fopen("/proc/self/statm", "r");
	if (!statm || fscanf(statm, "%ld %ld", &size, &resident) != 2)
		return 1;
	printf("%ld\\n", resident);
	return 0;
}
"""

EMPTY = """
#include <stdlib.h>
int main(void)
{
	char *volatile a = malloc(1000), *volatile b = malloc(200000);

	free(a);
	free(b);
	return 0;
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        for name, text in (("layers", PROGRAM), ("random", RANDOM), ("empty", EMPTY), ("turns", TURNS)):
            self.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O0", "-D_GNU_SOURCE", "-pthread",
                     "-I" + os.path.join(SOURCE, "include"), self.file(name + ".c", text), "-o", name)
        self.said = {}
        for name in ("main", "thread", "pool"):
            self.said[name] = json.loads(self.trace(name, "./layers", name))
            os.rename(self.path("info.xml"), self.path(name + ".xml"))
        self.trace("random", "./random")
        self.trace("empty", "./empty")
        self.trace("turns", "./turns")

    def trace(self, name, *command, **env):
        out = self.run(*command, RHEAPER_TRACE=name + ".bin", **env)
        self.run(LOADER, "-q", name + ".bin", name + ".db", silent=False)
        return out

    def pages(self, name, *options):
        return json.loads(self.run(REPORT, name + ".db", "--pages", "--json", *options))

    def text(self, name, *options):
        return self.run(REPORT, name + ".db", "--pages", *options)

    def ask(self, name, sql, *values):
        db = sqlite3.connect(self.path(name + ".db"))
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()


def area(pages, kind):
    found = [area for area in pages["areas"] if area["kind"] == kind]
    assert len(found) == 1, (kind, pages["areas"])
    return found[0]


def site_of(pages, function):
    found = [i for i, site in enumerate(pages["sites"]) if site["function"] == function]
    assert len(found) == 1, (function, pages["sites"])
    return found[0]


def needs_pagemap(b):
    if b.said["main"]["there"] <= 0 or b.said["main"]["before"] <= 0:
        raise tap.Skip("/proc/self/pagemap or smaps_rollup cannot be read")


def check_trim(b, name, kind):
    """What malloc_trim gave back, and the pages that stayed, to the page."""
    said, found = b.said[name], area(b.pages(name), kind)
    assert found["free_pages"] > 2000, found
    assert said["there"] - said["left"] == found["free_pages"], (said, found)
    # smaps_rollup: what else comes or goes between the two readings
    assert abs((said["before"] - said["after"]) / 4 - found["free_pages"]) <= 8, (said, found)


def test_trim_gives_back_what_was_computed(b):
    needs_pagemap(b)
    check_trim(b, "main", "main")


def test_trim_gives_back_what_was_computed_of_an_arena(b):
    needs_pagemap(b)
    check_trim(b, "thread", "arena")


def test_pages_that_stay_are_those_of_the_range(b):
    needs_pagemap(b)
    for name, kind in (("main", "main"), ("thread", "arena")):
        found = area(b.pages(name), kind)
        # All that were in the range; the program's FILE is below
        rows = b.ask(name, "SELECT addr, size FROM allocations WHERE size IN (104, 2200)")
        first, last = min(rows)[0] // PAGE, max(a + s - 1 for a, s in rows) // PAGE
        assert b.said[name]["left"] == last - first + 1 - found["free_pages"], (b.said[name], found)


def test_mapped_blocks_are_told(b):
    needs_pagemap(b)
    found = area(b.pages("main"), "mapped")
    assert found["blocks"] == 4 and found["bytes"] == 1230000, found
    assert found["pages"] == b.said["main"]["large"], (found, b.said)
    assert found["range"] == found["pages"] and found["free_pages"] == 0, found


def test_sites_that_hold_pages(b):
    pages = b.pages("main")
    site = site_of(pages, "make_long")
    assert pages["pins"][0]["site"] == site, pages["pins"]
    assert pages["pins"][0]["pages"] >= 790, pages["pins"]
    assert pages["pins"][0]["bytes"] <= 800 * 104, pages["pins"]
    first = next(pair for pair in pages["neighbours"])
    assert (first["holder"], first["site"]) == (site, site_of(pages, "make_short")), first
    text = b.text("main")
    assert re.search(r"^s\d+ make_long layers\.c:\d+ holds 8\d\d pages with 8\d\.\d kB: 3\.\d\d MB cannot go"
                     r" back to the system$", text, re.M), text


def test_a_pool_gives_back_what_was_computed(b):
    needs_pagemap(b)
    pages, with_pool = b.pages("main"), b.said["pool"]
    pool = pages["pools"][0]
    assert pool["site"] == site_of(pages, "make_long"), pool
    won = b.said["main"]["left"] - with_pool["left"] - with_pool["pool"]
    assert abs(won - (pool["freed_pages"] - pool["needed_pages"])) <= 3, (won, pool, b.said)


def test_one_arena_gives_back_what_was_computed(b):
    """Of the program without a trace: its resident memory with as many arenas as it likes, and with one."""
    arenas = b.pages("turns")["arenas"]
    if arenas["heaps"] < 6:
        raise tap.Skip("threads share arenas here")
    many, one = (int(b.run("./turns", **env)) for env in ({}, {"MALLOC_ARENA_MAX": "1"}))
    computed = arenas["kept_pages"] - arenas["needed_pages"]
    assert computed > 5 * 8000 * 1500 // PAGE * 0.98, arenas
    assert abs(many - one - computed) <= 0.02 * computed, (many, one, arenas)
    assert re.search(r"^up to 6\d\.\d MB by one arena for all threads \(MALLOC_ARENA_MAX=1\)", b.text("turns"), re.M)


def test_one_heap_has_no_other_arena(b):
    assert b.pages("main")["arenas"]["heaps"] == 1
    assert "MALLOC_ARENA_MAX" not in b.text("main")


def total(xml, heap, tag, kind, what="size"):
    part = re.search(rf'<heap nr="{heap}">(.*?)</heap>', xml, re.S).group(1) if heap is not None \
        else xml[xml.rindex("</heap>"):]
    found = re.search(rf'<{tag} type="{kind}"[^>]* {what}="(\d+)"', part)
    assert found or kind == "fast", part  # glibc 2.43 has no fast bins
    return int(found[1]) if found else 0


def test_headers_and_rounding_are_what_malloc_info_says(b):
    pages = b.pages("main")
    with open(b.path("main.xml")) as file:
        xml = file.read()
    # What is free: chunks in lists, whose sizes malloc_info adds up with the bit that says that the chunk
    # before is in use, and the top
    free = total(xml, 0, "total", "rest") - (total(xml, 0, "total", "rest", "count") - 1)
    used = total(xml, 0, "system", "current") - total(xml, 0, "total", "fast") - free
    chunks = sum(c["bytes"] + c["headers"] + c["rounding"] for c in pages["size_classes"] if not c["mapped"])
    cache = THREAD_CACHE if 'type="fast"' in xml else 0  # elsewhere since glibc 2.43
    assert used - chunks == cache, (used, chunks)
    mapped = sum(c["bytes"] + c["headers"] + c["rounding"] for c in pages["size_classes"] if c["mapped"])
    assert total(xml, None, "total", "mmap") == mapped, (mapped, xml)
    by_site = sum(c["headers"] + c["rounding"] for c in pages["costs"])
    assert by_site == chunks + mapped - pages["bytes"], (by_site, pages["bytes"])


def is_mapped(pages, address, size):
    return size > 131000 and address % PAGE == 16 and address >= area(pages, "main")["high"]


def live_at(b, name, ns):
    """Blocks that are live then, as the tables have them."""
    return b.ask(name, "SELECT b.address, max(b.size, 1), l.stack FROM lots l CROSS JOIN blocks b"
                 " ON b.block BETWEEN l.first_block AND l.last_block WHERE b.alloc_ns <= ?1"
                 " AND ifnull(b.alloc_ns + b.lifetime_ns > ?1, l.ending = 2) ORDER BY b.address", ns)


def count_pages(blocks):
    used = collections.defaultdict(lambda: collections.defaultdict(int))
    for address, size, stack in blocks:
        while size > 0:
            part = min(size, PAGE - address % PAGE)
            used[address // PAGE][stack] += part
            address, size = address + part, size - part
    return used


def check_pages(b, name, pages):
    blocks = live_at(b, name, pages["at_ns"])
    handles = {}
    for stack, function in b.ask(name, "SELECT stack, owner_function FROM sites"):
        handles[stack] = function
    heap = count_pages([block for block in blocks if not is_mapped(pages, *block[:2])])
    assert pages["pages"] == len(count_pages(blocks)), (pages["pages"], len(blocks))
    assert pages["heap_pages"] == len(heap)
    eighths = [0] * 8
    pins = collections.defaultdict(lambda: [0, 0, 0])
    for stacks in heap.values():
        used = sum(stacks.values())
        eighths[min(7, used * 8 // PAGE)] += 1
        sites = collections.defaultdict(int)
        for stack, part in stacks.items():
            sites[handles[stack]] += part
        if used * 4 < PAGE:
            most = max(sites.values())
            holders = [site for site in sites if sites[site] == most]
            order = [site["function"] for site in pages["sites"]]
            holder = min(holders, key=order.index)
            for i, value in enumerate((1, sites[holder], used)):
                pins[holder][i] += value
    assert pages["eighths"] == eighths, (pages["eighths"], eighths)
    found = {pages["sites"][pin["site"]]["function"]: [pin["pages"], pin["bytes"], pin["all_bytes"]]
             for pin in pages["pins"]}
    assert found == pins, (found, pins)


def test_every_page_is_that_of_the_blocks(b):
    for options in ((), ("--at=half",), ("--at=peak",)):
        pages = b.pages("random", *options)
        assert pages["moment"] == ("asked" if options else "end")
        check_pages(b, "random", pages)


def test_neighbours_died_in_pages_that_others_hold(b):
    pages = b.pages("random")
    heap = count_pages([block for block in live_at(b, "random", pages["at_ns"])
                        if not is_mapped(pages, *block[:2])])
    function = dict(b.ask("random", "SELECT stack, owner_function FROM sites"))
    order = [site["function"] for site in pages["sites"]]
    holder = {}
    for page, stacks in heap.items():
        holder[page] = min(stacks, key=lambda stack: (-stacks[stack], order.index(function[stack])))
    pairs = collections.Counter()
    for address, size, stack in b.ask(
            "random", "SELECT b.address, max(b.size, 1), l.stack FROM lots l CROSS JOIN blocks b"
            " ON b.block BETWEEN l.first_block AND l.last_block WHERE b.lifetime_ns IS NOT NULL"):
        for held in {holder.get(address // PAGE), holder.get((address + size - 1) // PAGE)} - {None}:
            if function[held] != function[stack]:
                pairs[function[held], function[stack]] += 1
    found = {(order[pair["holder"]], order[pair["site"]]): pair["blocks"] for pair in pages["neighbours"]}
    assert found == pairs, (found, pairs)


def test_resident_memory_stands_beside_it(b):
    """What was read last before the moment, or at the end. After malloc_trim, the live blocks and what the
    program says of it cannot be far away."""
    for options, bound in (((), 1 << 62), (("--at=half",), None), (("--at=start",), None)):
        pages = b.pages("random", *options)
        rows = b.ask("random", "SELECT bytes, at_ms FROM resident WHERE at_ms * 1e6 <= ? ORDER BY at_ms DESC LIMIT 1",
                     bound or pages["at_ns"])
        bytes_read, at_ms = rows[0] if rows else (0, 0)
        assert (pages["resident_bytes"], pages["resident_at_ns"]) == (bytes_read, round(at_ms * 1e6)), (rows, pages)
        assert ("in memory: " in b.text("random", *options)) == bool(rows)
    assert b.pages("random")["resident_bytes"] > 0
    assert abs(b.pages("main")["resident_bytes"] / 1024 - b.said["main"]["after"]) < 512, b.said["main"]


def test_the_peak_is_shown_if_nothing_is_live(b):
    pages = b.pages("empty")
    assert (pages["moment"], pages["blocks"], pages["bytes"]) == ("peak", 2, 201000), pages
    assert "at the peak (nothing was live at the end)" in b.text("empty")
    assert b.pages("empty", "--at=start")["blocks"] == 0
    assert "0 B live in 0 blocks" in b.text("empty", "--at=start")


def test_a_sample_says_what_it_knows(b):
    b.trace("sampled", "./random", RHEAPER_SAMPLE_BYTES="4K")
    pages = b.pages("sampled")
    assert pages["estimate"] and "pins" not in pages and "eighths" not in pages, pages
    whole = b.pages("random")
    assert pages["pages"] < whole["pages"]
    assert 0.5 < pages["bytes"] / whole["bytes"] < 2, (pages["bytes"], whole["bytes"])
    assert "needs every block" in b.text("sampled")


def test_a_ring_may_lack_blocks(b):
    b.trace("ring", "./random", RHEAPER_MAX_BYTES="1M,ring")
    assert b.pages("ring")["incomplete"]
    assert "may lack blocks" in b.text("ring")
    assert not b.pages("random")["incomplete"]


def test_other_allocators_are_not_estimated(b):
    """By the name of a library, and by addresses that glibc's malloc does not give."""
    db = sqlite3.connect(b.path("random.db"))
    copy = sqlite3.connect(b.path("other.db"))
    db.backup(copy)
    copy.execute("UPDATE modules SET path = '/usr/lib/libjemalloc.so.2' WHERE path LIKE '%/libc.so.6'")
    copy.commit()
    pages = b.pages("other")
    assert (pages["allocator"], pages["modelled"]) == ("other", False), pages
    assert "size_classes" not in pages and all("free_pages" not in a for a in pages["areas"]), pages
    assert pages["pages"] == b.pages("random")["pages"]
    assert "libjemalloc.so.2 was mapped" in b.text("other")
    db.backup(copy)
    copy.execute("UPDATE blocks SET address = address + 8")
    copy.commit()
    copy.close()
    db.close()
    assert b.pages("other")["refuted"]
    assert "not those of glibc's malloc" in b.text("other")


def test_options_that_do_not_go_together(b):
    for options, message in ((("--at=peak",), "--at is for --pages"),
                             (("--pages", "--tree"), "choose one of"),
                             (("--pages", "--window=0..1"), "cannot be combined"),
                             (("--pages", "--at=never"), "--at: 'never' is no time")):
        result = subprocess.run([REPORT, b.path("random.db"), *options], text=True, capture_output=True,
                                env=b.env, stdin=subprocess.DEVNULL, timeout=60)
        assert result.returncode == 2 and message in result.stderr, result


tap.run(globals(), Bench)
