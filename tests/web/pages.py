# SPDX-License-Identifier: MIT
"""Report pages for tests: bundles written by what docs/reference/report-page.md says, and by
nothing else, from programs whose every block is known. So it is a judge of both sides: of what
web/ reads, and of what report/ writes."""
import base64
import bisect
import collections
import gzip
import html
import json
import pathlib
import random
import struct

NEVER = None
LIBRARY, INLINED = 4, 1


def leb128(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def column_bytes(values, encoding):
    out, before = [], 0
    for value in values:
        step = value
        if encoding == "delta":
            step = (value - before) * 2 if value >= before else (before - value) * 2 - 1
            before = value
        out.append(leb128(step))
    return b"".join(out)


class Bundle:
    """The JSON text and the columns of a page."""

    def __init__(self, **meta):
        self.meta, self.columns, self.data = meta, [], []
        self.strings, self.known = [""], {"": 0}

    def string(self, text):
        if text not in self.known:
            self.known[text] = len(self.strings)
            self.strings.append(text)
        return self.known[text]

    def table(self, name, columns, rows, delta=()):
        """rows: tuples in the order of columns"""
        rows = list(rows)
        for i, column in enumerate(columns.split()):
            encoding = "delta" if column in delta else "plain"
            self.columns.append({"name": f"{name}.{column}", "count": len(rows), "encoding": encoding})
            self.data.append(column_bytes([row[i] for row in rows], encoding))

    def bytes(self):
        meta = json.dumps({**self.meta, "strings": self.strings, "columns": self.columns}).encode()
        return struct.pack("<I", len(meta)) + meta + b"".join(self.data)


POLICY = ("default-src 'none'; script-src 'sha256-{vendor}' 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; "
          "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'")


def assets(directory):
    """The texts that web/bundle.py joined; None if it had not what it needs."""
    texts = {name: (pathlib.Path(directory) / f"page.{name}").read_text(encoding="utf-8")
             for name in ("style", "vendor", "script")}
    return texts if texts["vendor"] else None


def sha256(text):
    import hashlib
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def document(texts, bundle, title="test"):
    data = bundle if isinstance(bundle, bytes) else bundle.bytes()
    packed = base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()
    policy = POLICY.format(**{name: sha256(text) for name, text in texts.items()})
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>\n'
            f'<style>{texts["style"]}</style></head>\n<body><noscript>A report of a program\'s memory.</noscript>\n'
            f'<script type="application/octet-stream" id="data">{packed}</script>\n'
            f'<script>{texts["vendor"]}</script>\n<script>{texts["script"]}</script></body></html>\n')


class Block:
    __slots__ = ("stack", "at", "freed", "size", "thread", "free_thread", "temporary")

    def __init__(self, stack, at, freed, size, thread=0, free_thread=0, temporary=0):
        self.stack, self.at, self.freed, self.size = stack, at, freed, size
        self.thread, self.free_thread, self.temporary = thread, free_thread, temporary


class Program:
    """Stacks and blocks. stacks: lists of frame numbers, outermost first; frames: (name, file,
    line, module, flags); times in microseconds; marks: (time, text)"""

    def __init__(self, frames, stacks, blocks, duration, marks=(), threads=("main",), steps=40):
        self.frames, self.stacks, self.blocks, self.duration = frames, stacks, blocks, duration
        self.marks, self.threads, self.steps = list(marks), threads, steps
        self.peak()
        # A set of integers: every edge is exact
        self.edges = sorted({duration * k // steps for k in range(steps + 1)} | {self.peak_at} | {at for at, _ in marks})

    def peak(self):
        events = sorted([(b.at, b.size) for b in self.blocks] + [(b.freed, -b.size) for b in self.blocks if b.freed is not NEVER])
        live = self.peak_bytes = self.peak_at = 0
        self.history = []
        for at, change in events:
            live += change
            self.history.append((at, live))
            if live > self.peak_bytes:
                self.peak_bytes, self.peak_at = live, at

    def born(self, block):
        return bisect.bisect_left(self.edges, block.at)

    def died(self, block):
        return len(self.edges) if block.freed is NEVER else bisect.bisect_left(self.edges, block.freed)

    def owner(self, stack):
        """The owning frame: the innermost that is no library's."""
        for frame in reversed(self.stacks[stack]):
            if not self.frames[frame][4] & LIBRARY:
                return frame
        return self.stacks[stack][-1]


def text_meta(program, **more):
    blocks = program.blocks
    live = [b for b in blocks if b.freed is NEVER]
    peak = [b for b in blocks if b.at <= program.peak_at and (b.freed is NEVER or b.freed > program.peak_at)]
    threads = [{"number": i + 1, "tid": 100 + i, "name": name, "allocations": sum(b.thread == i for b in blocks),
                "allocated_bytes": sum(b.size for b in blocks if b.thread == i),
                "live_bytes": sum(b.size for b in live if b.thread == i)} for i, name in enumerate(program.threads)]
    meta = {
        "version": 1, "kind": "report", "generator": "rheaper 0.1.0", "title": "server", "command": "rheaper-report --html=page.html profile.db",
        "process": {"process": 1, "pid": 4711, "executable": "/usr/bin/server", "command_line": ["server", "--port", "80"], "host": "box",
                    "started_at": "2026-01-01T00:00:00Z", "duration_ms": program.duration / 1000, "ending": "exited", "label": ""},
        "processes": 1, "estimate": None,
        "totals": {"allocations": len(blocks), "allocated_bytes": sum(b.size for b in blocks), "temporary": sum(b.temporary for b in blocks),
                   "peak_bytes": program.peak_bytes, "peak_blocks": len(peak), "peak_ms": program.peak_at / 1000, "live_blocks": len(live),
                   "live_bytes": sum(b.size for b in live), "leaked_blocks": len(live), "leaked_bytes": sum(b.size for b in live)},
        "edges": [at / 1000 for at in program.edges], "peak_edge": program.edges.index(program.peak_at),
        "markers": [{"text": text, "edge": program.edges.index(at), "at_ms": at / 1000, "thread": 0} for at, text in program.marks],
        "scopes": [], "threads": threads, "modules": [], "leak_kinds": ["definitely lost", "still reachable"], "leak_scan": "made",
        "findings": [], "unseen": [], "losses": [], "settings": [], "pruned": {"threshold": 0, "nodes": 0, "meaning": ""}, "sources": {}, "redacted": [],
    }
    meta.update(more)
    return meta


def size_class(size):
    return size.bit_length()


def lifetime_class(block):
    return 0 if block.freed is NEVER else max(1, (block.freed - block.at).bit_length())


def groups(rows, key):
    out = {}
    for row in rows:
        out.setdefault(key(row), []).append(row)
    return sorted(out.items())


def total(blocks):
    return sum(b.size for b in blocks)


def bundle(program, **more):
    """The bundle of a program, nothing pruned."""
    b = Bundle(**text_meta(program, **more))
    modules = sorted({module for _, _, _, module, _ in program.frames if module})
    b.meta["modules"] = b.meta["modules"] or [{"path": path, "build_id": "00", "has_functions": True, "has_lines": True} for path in modules]
    b.table("function", "short full", ((b.string(frame[0]), b.string(frame[0])) for frame in program.frames))
    b.table("frame", "function file line module flags", (
        (i, b.string(file), line, modules.index(module) + 1 if module else 0, flags)
        for i, (_, file, line, module, flags) in enumerate(program.frames)))
    nodes, parents, ends = {(): 0}, [(0, 0)], []
    for stack in program.stacks:
        at = ()
        for frame in stack:
            parent, at = nodes[at], at + (frame,)
            if at not in nodes:
                nodes[at] = len(parents)
                parents.append((parent, frame))
        ends.append(nodes[at])
    owners = sorted({program.owner(s) for s in range(len(program.stacks))})
    number = {owner: s for s, owner in enumerate(owners)}
    site_of = {s: number[program.owner(s)] for s in range(len(program.stacks))}
    site_at = {ends[s]: site_of[s] + 1 for s in site_of}
    temporary = {}
    for block in program.blocks:
        if block.temporary:
            temporary.setdefault(ends[block.stack], []).append(block)
    b.table("node", "parent frame site folded temporary_blocks temporary_bytes", (
        (parent, frame, site_at.get(n, 0), 0, len(temporary.get(n, [])), total(temporary.get(n, [])))
        for n, (parent, frame) in enumerate(parents)), delta=("parent", "frame"))
    b.table("cube", "node born died blocks bytes", (
        (*key, len(rows), total(rows)) for key, rows in
        groups(program.blocks, lambda k: (ends[k.stack], program.born(k), program.died(k)))), delta=("node", "born"))
    site_tables(b, program, owners, site_of)
    timeline(b, program)
    return b


def site_tables(b, program, owners, site_of):
    blocks, at = program.blocks, program.peak_at
    by_site = dict(groups(blocks, lambda k: site_of[k.stack]))
    stacks = collections.Counter(site_of.values())
    def live(rows):
        return [k for k in rows if k.freed is NEVER]
    def peak(rows):
        return [k for k in rows if k.at <= at and (k.freed is NEVER or k.freed > at)]
    b.table("site", "frame allocator chain number merged stacks blocks bytes live_blocks live_bytes peak_blocks peak_bytes temporary_blocks", (
        (frame + 1, b.string("malloc"), b.string("malloc ← xmalloc"), s + 1, 1, stacks[s], len(rows), total(rows),
         len(live(rows)), total(live(rows)), len(peak(rows)), total(peak(rows)), sum(k.temporary for k in rows))
        for s, frame in enumerate(owners) for rows in [by_site.get(s, [])]))
    b.table("heat", "site size lifetime blocks bytes", ((*key, len(rows), total(rows)) for key, rows in groups(
        blocks, lambda k: (site_of[k.stack] + 1, size_class(k.size), lifetime_class(k)))))
    b.table("thread_site", "thread site blocks bytes live_bytes", ((thread, site, len(rows), total(rows), total(live(rows))) for (thread, site), rows in
            groups(blocks, lambda k: (k.thread, site_of[k.stack] + 1))))
    b.table("handover", "alloc_thread free_thread blocks bytes", ((*key, len(rows), total(rows)) for key, rows in groups(
        blocks, lambda k: (k.thread + 1, 0 if k.freed is NEVER else k.free_thread + 1))))
    freed = [k for k in blocks if k.freed is not NEVER]
    b.table("free", "alloc_site free_frame blocks bytes crossed_blocks mismatched_blocks", (
        (site, frame, len(rows), total(rows), sum(k.thread != k.free_thread for k in rows), 0)
        for (site, frame), rows in groups(freed, lambda k: (site_of[k.stack] + 1, program.stacks[k.stack][0] + 1))))
    b.table("growth", "site chains reallocs moves copied_bytes final_p50 final_p95 final_max", (
        (s, 1000, 14000, 9000, 31000000 - s, 2000, 15000, 40000) for s in range(min(3, len(owners)))))
    b.table("leak", "site kind blocks bytes indirect_blocks indirect_bytes first_us last_us", (
        (site, site % 2, len(rows), total(rows), 3, 300, min(k.at for k in rows), max(k.at for k in rows))
        for site, rows in groups(live(blocks), lambda k: site_of[k.stack] + 1)))


def timeline(b, program, intervals=200):
    rows, i, live = [], 0, 0
    events, blocks = program.history, sorted(program.blocks, key=lambda k: k.at)
    counts, born, at_block = 0, 0, 0
    for k in range(1, intervals + 1):
        until = program.duration * k // intervals
        low = high = live
        while i < len(events) and events[i][0] <= until:
            live = events[i][1]
            low, high, i = min(low, live), max(high, live), i + 1
        first = at_block
        while at_block < len(blocks) and blocks[at_block].at <= until:
            at_block += 1
        new = blocks[first:at_block]
        rows.append((until, low, high, live, 0, len(new), total(new)))
    b.table("timeline", "at_us low_bytes high_bytes live_bytes live_blocks allocations allocated_bytes", rows, delta=("at_us",))


def random_program(seed, stacks=60, blocks=2500, duration=10_000_000, threads=3, never=0.1):
    """Functions f0, f1 ... with unlike names, so that a path of names is a stack."""
    pick = random.Random(seed)
    modules = ["/usr/bin/server", "/usr/lib/libparse.so.1", "/usr/lib/libc.so.6"]
    frames = [(f"f{i}", f"/src/file{i % 7}.c", i + 1, modules[i % 3], LIBRARY if i % 3 == 2 else 0) for i in range(40)]
    made = [[0, *(pick.randrange(1, 40) for _ in range(pick.randrange(1, 8)))] for _ in range(stacks)]
    made = [list(stack) for stack in sorted({tuple(stack) for stack in made})]
    times = iter(sorted(pick.sample(range(1, duration), blocks)))
    out = []
    for at in times:
        freed = NEVER if pick.random() < never else at + 1 + int(pick.expovariate(1) * pick.choice([100, 10_000, 1_000_000, 5_000_000]))
        if freed is not NEVER and freed >= duration:
            freed = NEVER
        thread = pick.randrange(threads)
        out.append(Block(pick.randrange(len(made)), at, freed, pick.choice([0, 1, 8, 24, 100, 1000, 70_000]), thread,
                         pick.randrange(threads), int(freed is not NEVER and freed - at < 200)))
    marks = [(duration // 10, "start"), (duration * 4 // 10, "parse"), (duration * 8 // 10 + 1, "serve")]
    return Program(frames, made, out, duration, marks, [f"worker {i}" for i in range(threads)])


# What a metric says of a block: at, freed, the begin and the end of the window, the peak
SAYS = {
    "peak": lambda at, freed, begin, end, peak: at <= peak < freed,
    "use": lambda at, freed, begin, end, peak: at <= end < freed,
    "alloc": lambda at, freed, begin, end, peak: begin < at <= end,
    "freed": lambda at, freed, begin, end, peak: begin < freed <= end,
    "kept": lambda at, freed, begin, end, peak: begin < at <= end < freed,
    "leaked": lambda at, freed, begin, end, peak: begin < at <= end and freed == float("inf"),
    "grown": lambda at, freed, begin, end, peak: (at <= end < freed) - (at <= begin < freed),
}


def stack_sums(program, metric, first, last, unit="bytes"):
    """stack -> sum over its blocks, from the blocks themselves. first, last: edges"""
    out, never = [0] * len(program.stacks), float("inf")
    begin, end, peak = program.edges[first] if first else -1, program.edges[last], program.peak_at
    says = SAYS.get(metric)
    for block in program.blocks:
        freed = never if block.freed is NEVER else block.freed
        hit = says(block.at, freed, begin, end, peak) if says else block.temporary
        if hit:
            out[block.stack] += hit * (block.size if unit == "bytes" else 1)
    return out


def expected(program, metric, first, last, unit="bytes"):
    """path of names -> sum of the stacks through it"""
    out = {(): 0}
    for stack, value in zip(program.stacks, stack_sums(program, metric, first, last, unit)):
        names = tuple(program.frames[frame][0] for frame in stack)
        for size in range(len(names) + 1):
            out[names[:size]] = out.get(names[:size], 0) + value
    return out


def large_bundle(nodes=6600, rows=150_000, edges=260, sites=2000, seed=1):
    """What a page of 10 million allocations holds, by its size."""
    pick = random.Random(seed)
    duration = 60_000
    functions = [f"ns{i % 37}::Class{i % 211}<…>::method_{i}(int, std::string const&)" for i in range(2900)]
    b = Bundle(**text_meta(Program([("main", "", 0, "", 0)], [[0]], [Block(0, 1, NEVER, 1)], 1000)))
    b.table("function", "short full", ((b.string(name), b.string(name + " [with T = int]")) for name in functions))
    b.table("frame", "function file line module flags", ((i % 2900, b.string(f"/src/dir{i % 40}/file{i % 300}.cc"), i % 900 + 1, i % 5 + 1, 0) for i in range(5000)))
    parents = [0] + [max(0, n - 1 - int(pick.expovariate(1 / 12))) for n in range(1, nodes)]
    b.table("node", "parent frame site folded temporary_blocks temporary_bytes", (
        (parents[n], pick.randrange(5000), pick.randrange(sites) + 1, 0, 5, 100) for n in range(nodes)), delta=("parent",))
    cube = set()
    while len(cube) < rows:
        born = pick.randrange(1, edges)
        cube.add((pick.randrange(nodes), born, min(edges, born + int(pick.expovariate(1 / 20)))))
    cube = [(*key, pick.randrange(1, 150), int(pick.expovariate(1 / 9000)) + 1) for key in sorted(cube)]
    b.table("cube", "node born died blocks bytes", cube, delta=("node", "born"))
    sums = {}
    for node, born, died, blocks, size in cube:
        sums.setdefault(node % sites, [0, 0])
        sums[node % sites][0] += blocks
        sums[node % sites][1] += size
    b.table("site", "frame allocator chain number merged stacks blocks bytes live_blocks live_bytes peak_blocks peak_bytes temporary_blocks", (
        (s + 1, b.string("malloc"), b.string("malloc ← operator new"), s + 1, 1, 3, *sums.get(s, [1, 1]), 0, 0, 1, sums.get(s, [1, 1])[1] // 9, 5) for s in range(sites)))
    b.table("timeline", "at_us low_bytes high_bytes live_bytes live_blocks allocations allocated_bytes", (
        (duration * k // 2, 4_000_000 + k * 900, 5_000_000 + k * 1000 + pick.randrange(900_000), 4_500_000, 9000, 5000, 9_000_000) for k in range(1, 2001)), delta=("at_us",))
    live = [0] * (edges + 1)
    for _, born, died, _, size in cube:
        live[born] += size
        live[died] -= size
    for k in range(1, edges):
        live[k] += live[k - 1]
    peak = live.index(max(live[:edges]))
    b.meta["edges"] = [duration * k / (edges - 1) for k in range(edges)]
    b.meta["modules"] = [{"path": f"/usr/lib/lib{i}.so", "build_id": "", "has_functions": True, "has_lines": True} for i in range(5)]
    b.meta["peak_edge"] = peak
    b.meta["totals"].update(peak_bytes=live[peak], peak_ms=b.meta["edges"][peak], allocations=sum(row[3] for row in cube), allocated_bytes=sum(row[4] for row in cube))
    return b
