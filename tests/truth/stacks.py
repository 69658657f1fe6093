# SPDX-License-Identifier: MIT
"""Every stack of a program, as rheaper has it and as libunwind does, of the same run."""
import bisect
import collections
import os
import re
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTH = 256
SHIM = re.compile(r"(__wrap_|__real_|record_|rhp_|next_|_Zn[aw]|(malloc|calloc|realloc|reallocarray|"
                  r"memalign|aligned_alloc|posix_memalign|valloc|pvalloc)$)")


class Shims:
    """The code of the executable's shims, by its symbols."""

    def __init__(self, executable, bias):
        symbols = subprocess.run(["nm", "-n", "--defined-only", executable], text=True,
                                 capture_output=True, check=True).stdout.split("\n")
        rows = [line.split() for line in symbols if len(line.split()) == 3]
        code = [(int(address, 16) + bias, name) for address, kind, name in rows if kind in "tTwW"]
        self.starts = [address for address, _ in code]
        self.are_shims = [bool(SHIM.match(name)) for _, name in code]

    def has(self, address):
        i = bisect.bisect_right(self.starts, address - 1) - 1
        return i >= 0 and self.are_shims[i] and address - self.starts[i] < 65536


def by_libunwind(path, executable):
    """{stack: allocations}; a stack is the return addresses from the outermost shim on."""
    found = collections.Counter()
    with open(path) as lines:
        bias, full = map(int, next(lines).split())
        assert not full, "too many stacks for the witness"
        shims = Shims(executable, bias)
        for line in lines:
            n, *frames = map(int, line.split())
            last = max((i for i, ip in enumerate(frames) if shims.has(ip)), default=None)
            if last is not None:
                found[tuple(frames[last + 1:][:DEPTH])] += n
    return found


def by_rheaper(path):
    """The same. What the loader put back of tail calls was on no stack."""
    database = sqlite3.connect(path)
    stacks = collections.defaultdict(list)
    for stack, address in database.execute(
            "SELECT stack, address + ifnull(bias, 0) FROM stack_frames JOIN frames USING (frame)"
            " LEFT JOIN process_modules USING (module) WHERE inline_depth = 0 AND NOT inferred"
            " ORDER BY stack, frame_no"):
        stacks[stack].append(address)
    found = collections.Counter()
    for stack, n in database.execute("SELECT bt, count(*) FROM allocations GROUP BY bt"):
        found[tuple(stacks[stack][:DEPTH])] += n
    return found


def compare(command, tree, loader, environment):
    """Runs the program with the witness behind it; a report, or why they differ (exits)."""
    witness, said = os.path.join(tree, "witness.so"), os.path.join(tree, "witness.txt")
    trace, database = os.path.join(tree, "witness.bin"), os.path.join(tree, "witness.db")
    subprocess.run(["gcc", "-O1", "-fno-builtin", "-fPIC", "-shared", os.path.join(HERE, "witness.c"),
                    "-o", witness, "-lunwind"], check=True)
    subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL, env={
        **environment, "LD_PRELOAD": witness, "WITNESS": said, "RHEAPER_TRACE": trace,
        "RHEAPER_STACK_DEPTH": str(DEPTH)})
    subprocess.run([loader, "--quiet", trace, database], check=True)
    judged, ours = by_libunwind(said, command[0]), by_rheaper(database)
    wrong = [stack for stack in judged | ours if judged[stack] != ours[stack]]
    print(f"{len(judged)} distinct stacks of {sum(judged.values())} allocations by libunwind,"
          f" {len(ours)} of {sum(ours.values())} by rheaper, {len(wrong)} differ")
    for stack in wrong[:3]:
        print(f"by libunwind {judged[stack]}, by rheaper {ours[stack]}:", *map(hex, stack))
    if wrong or len(judged) < 20:
        sys.exit("stacks differ from libunwind's")
