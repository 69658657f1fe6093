# SPDX-License-Identifier: MIT
"""What is pushed in tests: databases whose content is known, and a program that does what it is told."""
import json
import os
import sqlite3
import subprocess

SECOND = 10**9
FREED, LIVE = 0, 2  # block_endings

# For each byte that it reads: a thousand blocks of 100 bytes, of which a hundred stay; p: and a large one for a
# moment; k: and is killed
FED = """
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void *volatile keep;
static __attribute__((noinline)) void *grow(size_t size) { return malloc(size); }
int main(void)
{
	char byte;
	while (read(0, &byte, 1) == 1) {
		for (int i = 0; i < 1000; i++) {
			keep = grow(100);
			if (i % 10)
				free(keep);
		}
		if (byte == 'p') {
			keep = grow(1 << 20);
			free(keep);
		}
		if (byte == 'k')
			kill(getpid(), SIGKILL);
		if (write(1, "r", 1) != 1)
			return 1;
	}
	return 0;
}
"""

def insert(db, table, **values):
    db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
               list(values.values()))


def put_process(db, process, started_ns, duration_ns, ending="exited", pid=None, host="machine"):
    insert(db, "processes", run=1, process=process, trace_path="/secret/t", pid=pid or 4000 + process,
           executable="/opt/a b/it", host=host, started_at="2026-01-02T03:04:05.678Z", duration_ms=duration_ns / 1e6,
           pointer_size=8, capture="process", max_stack_depth=64, max_trackers=1, event_buffer=1, max_bytes=0,
           ring=0, sample_bytes=512, sample_rate=1, free_stacks=0, runtime_version="1", started_unix_ns=started_ns,
           started_ticks=process, ending=ending, leak_scan_threads=0, exit_threads=0, forked=0, began_late=0,
           silent_children=0, executed_children=0, followed_children=0)
    insert(db, "process_modules", process=process, module=1, start_address=4096, end_address=8192, bias=4096)


def put_block(db, process, stack, alloc_ns, lifetime_ns, size, weight=1):
    number = db.execute("SELECT ifnull(max(block), 0) + 1 FROM blocks").fetchone()[0]
    insert(db, "lots", process=process, stack=stack, ending=LIVE if lifetime_ns is None else FREED, temporary=0,
           weight=weight, first_block=number, last_block=number, bytes=size)
    insert(db, "blocks", block=number, alloc_ns=alloc_ns, lifetime_ns=lifetime_ns, size=size, address=number)


def put_stacks(db, names):
    """Stack n has the frame n, of the function names[n - 1]; stack 0 has none."""
    insert(db, "modules", module=1, path="/opt/a b/it", build_id="abcd")
    insert(db, "allocators", allocator=1, name="malloc", family="c")
    insert(db, "owner_chains", owner_chain=1, text="malloc")
    for number, name in enumerate(names, 1):
        insert(db, "frames", frame=number, address=16 * number, exact=0, module=1 if number % 2 else None,
               inline_depth=0, inferred=0, function=name, file="/home/somebody/f.c", line=number)
        insert(db, "stacks", stack=number, signature=str(number), allocator=1, depth=1, truncated=0, incomplete=0,
               damaged=0, unsampled=0, top_down_node=0, bottom_up_node=0, owner_frame_no=0, owner_chain=1,
               first_frame=number, owner_frame=number, frames=json.dumps([number]))


def put_totals(db):
    db.execute("""
        INSERT INTO stack_totals SELECT stack, process, sum(weight), sum(size * weight),
          sum(weight * (ending = 2)), sum(size * weight * (ending = 2)), 0, 0, 0, 0, 0, 1
        FROM lots JOIN blocks ON block = first_block GROUP BY 1, 2""")


def make_database(path, source, fill):
    """A database of the schema, filled."""
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    with open(source + "/schema.sql") as schema:
        db.executescript(schema.read())
    insert(db, "runs", run=1, label="", loaded_at="now", loader_version="1")
    fill(db)
    put_totals(db)
    db.commit()
    db.close()
    return path


class Fed:
    """The program FED, traced into a directory."""

    def __init__(self, b, driver, directory, name="fed", **env):
        if not os.path.exists(b.path("fed")):
            b.run(driver + "/rheaper-cc", "-g", b.file("fed.c", FED), "-o", "fed", "--rheaper-label=version=1.2")
        self.trace = os.path.join(directory, name + ".trace")
        self.process = subprocess.Popen([b.path("fed")], env={**b.env, "RHEAPER_TRACE": self.trace, **env},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed(self, letters):
        for letter in letters:
            self.process.stdin.write(letter.encode())
            self.process.stdin.flush()
            assert letter == "k" or self.process.stdout.read(1) == b"r"
        return self

    def end(self):
        self.process.communicate()
