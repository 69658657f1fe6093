#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runtimes with one thing wrong each: what is asserted of the right one does not hold of
them. A row whose text is no longer in the file fails.

usage: check-mutants.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point for each assertion of the runtime as it is, and one for each mutant.
The order of the stamps of free and realloc is left to check-order.py.
"""
import os
import signal
import struct
import subprocess

import ledger
import rows
from ledger import LONG, call_numbers, issued
from mutant import mutant
from rows import HERE, ROOT, equal, note, tap

SMALL = {"RHEAPER_EVENT_BUFFER": "500"}


class Bench(ledger.Bench):
    """Programs of both kinds, of a runtime: `home`, or none for the one that was built."""

    def made(self, home, name, *words):
        program = os.path.basename(name).split(".")[0] + "-" + os.path.basename(home or "right")
        rows.Bench(self.dir).build(name, *words, out=program, home=home)
        return program

    def traced(self, program, *words, **env):
        return rows.Bench(self.dir).trace("./" + program, *words, **env)


def ledgered(b, home):
    return b.made(home, "ledger.c", os.path.join(HERE, "inject.c"))


def events_in_many_chunks(b, home):
    result = b.start(2, 3000, program=ledgered(b, home), **SMALL)
    assert result.returncode == 0 and result.stderr == "", result
    trace = b.load()
    b.check_whole(trace)
    equal((trace.lost, trace.ending), (0, "exited"))


def killed_at_each_write(b, home):
    program = ledgered(b, home)
    pwritev = call_numbers()["pwritev"]
    for n in range(1, 9 if LONG else 5):
        with open(b.path("orders"), "wb") as file:
            file.write(struct.pack("<4q512q", pwritev, 0, n, n, *[0] * 512))
        result = b.start(1, 0, program=program, INJECT=b.path("orders"), timeout=30, **SMALL)
        equal(result.returncode, -signal.SIGKILL)
        trace = b.load()
        b.check_whole(trace)
        assert trace.lost <= 1, trace.losses


def killed_at_each_write_of_a_ring(b, home):
    """A region there has older records behind its head until the new ones are in it."""
    program = ledgered(b, home)
    pwritev = call_numbers()["pwritev"]
    for n in range(40, 58 if LONG else 46):
        with open(b.path("orders"), "wb") as file:
            file.write(struct.pack("<4q512q", pwritev, 0, n, n, *[0] * 512))
        result = b.start(1, 0, program=program, INJECT=b.path("orders"), timeout=30,
                         RHEAPER_MAX_BYTES="400000,ring", **SMALL)
        equal(result.returncode, -signal.SIGKILL)
        trace = b.load()
        assert not any(reason.startswith("damaged") for reason in trace.losses), trace.losses
        # Who was killed before it could count what it was about to overwrite did not.
        old, *others = (trace.losses.get(reason, 0)
                        for reason in ("overwritten", "missing", "unwritten"))
        assert old > 0 and sum(others) <= 1600, trace.losses
        equal(trace.events + old + sum(others), issued(trace.path))


def ended_by_a_limit(b, home):
    result = b.start(2, 20000, before=("prlimit", "--fsize=600000"), program=ledgered(b, home), **SMALL)
    trace = b.check_stopped(result, b.plain(2, 20000), "File too large")
    assert trace.losses.get("io", 0) > 0, trace.losses


def cut_while_it_is_mapped(b, home):
    result = b.start(2, 10000, "empty", 1000, program=ledgered(b, home))
    assert result.returncode == 0 and result.stdout == b.plain(2, 10000), result


def descriptors_taken_away(b, home):
    victim = os.urandom(100000)
    with open(b.path("victim"), "wb") as file:
        file.write(victim)
    b.start(2, 10000, "close", 1000, program=ledgered(b, home), **SMALL)
    with open(b.path("victim"), "rb") as file:
        assert file.read() == victim, "the program's file was written to"


def names_that_are_taken(b, home):
    program = ledgered(b, home)
    with open(b.path("taken"), "w") as file:
        file.write("mine")
    books = b.open_books()
    subprocess.run([b.path(program), books, "1", "100"], cwd=b.dir, check=True, timeout=30, stdout=subprocess.DEVNULL,
                   env={**b.env, "RHEAPER_TRACE": b.path("taken")})
    with open(b.path("taken"), "rb") as file:
        equal(file.read(), b"mine")


def children(b, home):
    said, profile = b.traced(b.made(home, "fork-storm.c"), 1, 1, 9)
    equal(said, "9 0\n")
    equal(profile.lost, {})
    equal(profile.of("child"), (0, 0))


def failing_reallocs(b, home):
    _, profile = b.traced(b.made(home, "resize.c"))
    equal(profile.lost, {})
    equal(profile.of("keeps"), (1, 1))
    equal(profile.of("vanishes"), (1000, 0))
    equal(profile.total["failed_reallocs"], 2000)


def reallocs_that_move(b, home):
    _, profile = b.traced(b.made(home, "order.c"), 1, 5000, 1100)
    equal(profile.lost, {})
    assert profile.total["reallocs"] > 500, profile.total


def library(b, name):
    out = b.path("lib" + name + ".so")
    if not os.path.exists(out):
        b.run("cc", "-O2", "-fPIC", "-fno-builtin", "-shared", os.path.join(HERE, name + ".c"), "-o", out)
    return out


def sizes(b, home):
    _, profile = b.traced(b.made(home, "large.c", library(b, "big-heap")), "size")
    equal(profile.of_size(5 << 40), (1, 1))


def times(b, home):
    _, profile = b.traced(b.made(home, "large.c", library(b, "big-heap")), "time")
    then, = profile.row("SELECT alloc_after FROM allocations WHERE size = 701")
    now, = profile.row("SELECT alloc_after FROM allocations WHERE size = 702")
    assert now - then >= 3000, (then, now)


def stepped(b, home, *how):
    if os.uname().machine != "x86_64":
        raise tap.Skip("the trap flag is that of x86-64")
    program = b.made(home, "steps.c", library(b, "safe-heap"), "-I" + ROOT)
    return b.traced(program, *how, **SMALL)


def records_once_there(b, home):
    said, _ = stepped(b, home, "watch")
    steps, changed = map(int, said.split())
    assert steps > 100, steps
    equal(changed, 0)


def check_handlers(said, profile):
    _, live = profile.of_size(17)
    equal(live, 0)
    # Each event that was lost has left a gap among the stamps, and the reason for it.
    lost = dict(profile.lost)
    assert lost.pop("nested", 0) == lost.pop("missing", 0) + lost.pop("unwritten", 0) > 0, profile.lost
    equal(lost, {})
    note(f"an event of {said.split()[0]} instructions, {profile.total['events']:.0f} events")


def handlers_at_each_instruction(b, home):
    check_handlers(*stepped(b, home, "burst"))


def handlers_at_some_instructions(b, home):
    check_handlers(*stepped(b, home, "burst", 13))


def exact(b, home, *how):
    """What a reader finds is what was written: tests/faults/exact.c."""
    if os.uname().machine != "x86_64":
        raise tap.Skip("the trap flag is that of x86-64")
    readers = (os.path.join(ROOT, "trace", name) for name in ("reader.c", "reader-stream.c", "reader-follow.c"))
    changed = ("-iquote", home) if home else ()
    program = b.made(home, "exact.c", *readers, *changed, "-I" + ROOT)
    for name in os.listdir(b.dir):
        if name.startswith("exact.bin"):
            os.remove(b.path(name))
    said = rows.Bench(b.dir).run("./" + program, *map(str, how), RHEAPER_TRACE=b.path("exact.bin"))
    events, wrong, torn = map(int, said.split())
    note(f"{events} events, {wrong} wrong, {torn} cut short")
    assert events > 200, events
    equal(wrong, 0)
    return torn


def events_of_all_sizes(b, home):
    equal(exact(b, home, "values"), 0)


def events_around_those_of_handlers(b, home):
    equal(exact(b, home, "stay"), 0)


def events_around_those_of_handlers_after_a_pause(b, home):
    equal(exact(b, home, "pause"), 0)


def events_after_handlers_that_jump(b, home):
    exact(b, home, "leave")


def events_around_handlers_that_are_left(b, home):
    exact(b, home, "inside", 17 if LONG else 41)


STREAM, RECORD, EVENT = "runtime/stream.c", "runtime/record.c", "runtime/stream-event.h"
FILE, WRITE_FILE = "runtime/trace-file.c", "runtime/trace-write.c"
CLEAR = "		memset(s->units, 0, size);\n"
WRITE = "	bool ok = rhp_trace_write_chunk(s->window, s->units, size);\n"
CODE = "	__atomic_store_n(to, units[0], __ATOMIC_RELEASE);\n"
STEP = '	__asm__ volatile("xaddl %0, %1" : "+r"(n), "+m"(*word) : : "memory", "cc");\n	return n;\n'
TWO_STEPS = """	uint32_t at = *(volatile uint32_t *)word;
	*(volatile uint32_t *)word = at + n;
	return at;
"""
OLD_HEAD = "		if (write_ours(head, NULL, &nothing) != 0)\n"
WHOLE = "	return write_ours(offset, units, &head);\n"
HEAD_ALONE = "write_ours(offset + rhp_trace.first.head_offset, NULL, &head)"
HEAD_FIRST = (WHOLE, f"	int r = {HEAD_ALONE};\n	return r ? r : write_ours(offset, units, &head);\n")
SAID = "	say(s, nested, address, stamp, unit);\n	uint32_t got = rhp_stream_add(&s->cursor, n);\n"
SAID_LATE = (SAID, "	uint32_t got = rhp_stream_add(&s->cursor, n);\n	say(s, nested, address, stamp, unit);\n")

# What is wrong, which assertion finds it, the file, and the text with what is in its place.
MUTANTS = (
    ("first_unit_stored_first", records_once_there, EVENT,
     ("	for (uint32_t i = 1; i < n; i++)\n		to[i] = units[i];\n" + CODE,
      CODE + '	__asm__ volatile("" ::: "memory");\n'
      "	for (uint32_t i = 1; i < n; i++)\n		to[i] = units[i];\n")),
    ("units_reserved_in_two_steps", handlers_at_each_instruction, EVENT, (STEP, TWO_STEPS)),
    ("interrupted_writer_goes_on", events_around_those_of_handlers, EVENT,
     ("	if (UNLIKELY(got != at)) {\n", "	if (0) {\n"), ("&s->units[at], units, is", "&s->units[got], units, is")),
    ("interrupted_wide_writer_goes_on", events_around_those_of_handlers, STREAM,
     ("	if (UNLIKELY(got != at)) {\n", "	at = got;\n	if (0) {\n")),
    ("units_not_needed_left_unwritten", events_around_those_of_handlers, STREAM,
     ("		__atomic_store_n(&s->units[at + n], RHP_SKIP, __ATOMIC_RELEASE);\n", "		;\n")),
    ("cursor_looked_at_last", events_around_those_of_handlers, EVENT,
     ("	uint32_t got = rhp_stream_add(&s->cursor, is_short ? 1 : 2);\n",
      "	at = rhp_stream_look(s);\n	uint32_t got = rhp_stream_add(&s->cursor, is_short ? 1 : 2);\n")),
    ("left_writer_taken_for_none", events_around_handlers_that_are_left, EVENT,
     ("	return rhp_stream_add(&s->depth, 1);\n", "	rhp_stream_add(&s->depth, 1);\n	return s->depth = 1, 0;\n")),
    ("nested_writer_writes_short_records", events_around_those_of_handlers, EVENT,
     ("	if (LIKELY(s->depth == 0)) {\n", "	if (1) {\n"), ("LIKELY(depth == 0 && at", "LIKELY(at")),
    ("nested_writer_has_no_time", events_around_those_of_handlers_after_a_pause, STREAM,
     ("	bool anchor = nested || far_on;\n", "	bool anchor = far_on;\n")),
    ("nested_writer_leaves_its_time", events_around_handlers_that_are_left, STREAM,
     ("		s->last_unit = NO_TIME;\n		return;\n", "		s->last_unit = unit;\n		return;\n")),
    ("stamps_before_a_gap_are_believed", events_around_handlers_that_are_left, STREAM,
     ("	if (s->last_unit == NO_TIME)\n		memset(s->high, 0, sizeof(s->high));\n", "")),
    ("left_writer_is_believed", events_after_handlers_that_jump, STREAM,
     ("	s->last_unit = NO_TIME;\n	__atomic_signal_fence", "	__atomic_signal_fence")),
    ("stamps_of_the_last_buffer_are_believed", events_of_all_sizes, STREAM,
     ("	memset(s->high, 0, sizeof(s->high));\n	if (s->n_far", "	if (s->n_far")),
    ("base_not_in_the_header", events_of_all_sizes, STREAM, ("	s->window->base = s->base;\n", "")),
    ("high_part_of_a_stamp_not_compared", events_of_all_sizes, EVENT,
     ("((high ^ s->high[rhp_shard(address)]) |", "((s->high[rhp_shard(address)] == 0) |")),
    ("stamp_said_after_its_record", events_around_those_of_handlers, STREAM, SAID_LATE),
    ("unaligned_address_not_seen", events_of_all_sizes, EVENT, (" | address % RHP_GRANULE |", " |")),
    ("large_address_not_seen", events_of_all_sizes, EVENT, ("address >> RHP_MID_ADDRESS_BITS | ", "")),
    ("distant_time_not_seen", events_of_all_sizes, EVENT, ("step >> RHP_MID_TIME_BITS |", "")),
    ("large_node_not_seen", events_of_all_sizes, EVENT, ("node >> RHP_MID_NODE_BITS | ", "")),
    ("large_size_not_seen", events_of_all_sizes, EVENT, (" | size >> RHP_MID_SIZE_BITS)", ")")),
    ("distant_address_not_seen", events_of_all_sizes, EVENT,
     ("(address - s->base) >> RHP_SHORT_ADDRESS_BITS != 0", "0")),
    ("distant_time_of_a_short_free_not_seen", events_of_all_sizes, EVENT, ("(step >> RHP_SHORT_TIME_BITS | ", "(")),
    ("large_node_of_a_short_free_not_seen", events_of_all_sizes, EVENT, ("node >> RHP_SHORT_NODE_BITS | ", "")),
    ("size_of_a_short_free_not_seen", events_of_all_sizes, EVENT,
     ("node >> RHP_SHORT_NODE_BITS | size) == 0", "node >> RHP_SHORT_NODE_BITS) == 0")),
    ("header_of_a_chunk_written_first", killed_at_each_write_of_a_ring, WRITE_FILE, HEAD_FIRST),
    ("nested_writer_hands_over", handlers_at_some_instructions, STREAM,
     ("	bool nested = s->depth != 0;\n", "	bool nested = false;\n")),
    ("nested_loss_not_counted", handlers_at_some_instructions, STREAM,
     ("		rhp_trace_lose(RHP_LOST_NESTED, 1);\n", "")),
    ("window_cleared_before_it_is_copied", events_in_many_chunks, STREAM,
     (WRITE, CLEAR.lstrip("\t") + WRITE)),
    ("window_not_cleared", events_in_many_chunks, STREAM, (CLEAR, "")),
    ("sequence_not_raised", events_in_many_chunks, STREAM,
     ("s->window->sequence + 1,", "s->window->sequence,")),
    ("size_record_left_out", sizes, STREAM,
     ("	bool big = size >= RHP_WIDE_SIZE_MAX;\n", "	bool big = false;\n")),
    ("time_record_left_out", events_of_all_sizes, STREAM,
     ("	bool anchor = nested || far_on;\n", "	bool anchor = nested;\n")),
    ("time_record_left_out_of_a_pause", times, STREAM,
     ("	bool anchor = nested || far_on;\n", "	bool anchor = nested;\n")),
    ("lost_event_not_counted", ended_by_a_limit, STREAM, ("		rhp_trace_lose_write();\n", "")),
    ("region_of_a_ring_keeps_its_head", killed_at_each_write_of_a_ring, WRITE_FILE, (OLD_HEAD, "		if (0)\n"),
     (WHOLE, "	int r = rhp_os_write(rhp_trace.fd, offset, units, rhp_trace.first.head_offset, NULL, 0);\n"
      f"	return r ? r : {HEAD_ALONE};\n")),
    ("overwritten_events_not_counted", killed_at_each_write_of_a_ring, WRITE_FILE,
     ("		rhp_trace_lose(RHP_LOST_RING, r.n_events);\n", "")),
    ("records_of_a_chunk_not_written", events_in_many_chunks, WRITE_FILE, (WHOLE, f"	return {HEAD_ALONE};\n")),
    ("failed_write_ignored", ended_by_a_limit, WRITE_FILE,
     ("		rhp_trace_fail(r, RHP_LOST_IO);\n	return r == 0;\n", "		r = 0;\n	return r == 0;\n")),
    ("counters_not_in_the_file", events_in_many_chunks, FILE,
     ("	rhp_trace_shards = (char *)rhp_trace.header + RHP_HEADER_SIZE;\n",
      "	static char shards[RHP_N_SHARDS * RHP_SHARD_STRIDE] __attribute__((aligned(64)));\n"
      "	rhp_trace_shards = shards;\n")),
    ("descriptor_not_compared", descriptors_taken_away, FILE,
     ("	return rhp_os_file_id(rhp_trace.fd, id) == 0 && id[0]", "	return 1 || id[0]")),
    ("fault_of_the_mapping_not_mended", cut_while_it_is_mapped, "runtime/trace-mend.c",
     ("	if (!is_mapped(address))\n", "	if (address)\n")),
    ("child_not_told_from_its_parent", children, "runtime/state.c",
     ("	int r = rhp_os_wipe_on_fork(&rhp_control, sizeof(rhp_control));\n", "	int r = 0;\n")),
    ("failed_realloc_is_a_free", failing_reallocs, RECORD,
     ("size == 0 ? RHP_REALLOC_FREE : RHP_REALLOC_FAIL", "RHP_REALLOC_FREE")),
    ("realloc_to_nothing_has_failed", failing_reallocs, RECORD,
     ("size == 0 ? RHP_REALLOC_FREE : RHP_REALLOC_FAIL", "RHP_REALLOC_FAIL")),
    ("end_of_a_realloc_stamped_by_the_old_address", reallocs_that_move, RECORD,
     ("	uint64_t stamp = rhp_stamp_take((uintptr_t)o.block);\n	put(t, frame, o.code, o.block, stamp, stack_of",
      "	uint64_t stamp = rhp_stamp_take((uintptr_t)p);\n	put(t, frame, o.code, o.block, stamp, stack_of")),
    ("existing_file_taken", names_that_are_taken, "runtime/os-file.c",
     ("O_RDWR | O_CREAT | O_EXCL |", "O_RDWR | O_CREAT |")),
)
IN_THE_LONG_SET = (times,)


def killed(b, home, assertion):
    """Mostly in the first run. What a nested writer's short record gets wrong depends on the
    time that the clock shows, and is seen in about one run in four."""
    for run in range(1, 61):
        try:
            assertion(b, home)
        except (AssertionError, subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            note(f"run {run}:", " ".join(repr(error).split())[:200])
            return True
    return False


SOUND = set()  # assertions that hold of the runtime as it is


def as_it_is(assertion):
    def test(b):
        assertion(b, None)
        SOUND.add(assertion)
    return test


def changed(name, assertion, path, changes):
    def test(b):
        home = mutant(b, name, path, *changes)
        if assertion not in SOUND:
            raise tap.Skip("for what finds it could not be shown of the runtime as it is")
        # A program that cannot be built is no proof.
        b.made(home, "large.c", library(b, "big-heap"))
        assert killed(b, home, assertion), "nobody noticed"
    return test


def points():
    chosen = [m for m in MUTANTS if LONG or m[1] not in IN_THE_LONG_SET]
    for assertion in dict.fromkeys(m[1] for m in chosen):
        yield "test_O2_as_it_is_" + assertion.__name__, as_it_is(assertion)
    for name, assertion, path, *changes in chosen:
        yield "test_O2_" + name, changed(name, assertion, path, changes)


tap.run(dict(points()), Bench)
