#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a pair of malloc and free costs from many stacks of depth 32, plain, traced and
under heaptrack (the traced process alone): when each stack is seen for the first time, and
after that. The least of five runs in turn.

usage: bench/stacks.py BUILD-DIRECTORY [OTHER-BUILD-DIRECTORY]...
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
STACKS = 100, 1000, 20000, 100000, 1000000
TURNS = 5


def build(directory, name, compiler):
    path = os.path.join(directory, name)
    subprocess.run([compiler, "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
                    os.path.join(HERE, "stacks.c"), "-o", path], check=True)
    return [path]


def measure(command, directory, stacks):
    out = os.path.join(directory, "out")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    env = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
    env.update(RHEAPER_TRACE=os.path.join(out, "t.bin"), RHEAPER_QUIET="1")
    result = subprocess.run([*command, str(stacks), str(max(300000, stacks))], env=env, cwd=out,
                            text=True, capture_output=True, check=True)
    line = next(line for line in result.stdout.split("\n") if line[:1].isdigit())
    return [float(word) for word in line.split()]


def least(runs):
    return [min(column) for column in zip(*runs)]


def main():
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        plain = build(directory, "plain", "cc")
        commands = {"plain": plain}
        for i, path in enumerate(sys.argv[1:]):
            driver = os.path.join(os.path.abspath(path), "rheaper-cc", "rheaper-cc")
            commands["traced" + (f" {i + 1}" if i else "")] = build(directory, f"traced{i}", driver)
        if shutil.which("heaptrack"):
            commands["heaptrack"] = ["heaptrack", "-r", "-o", "h", *plain]
        print("| stacks | " + " | ".join(f"{name}, {what}" for name in commands
                                         for what in ("first", "then")) + " |")
        print("|---" * (1 + 2 * len(commands)) + "|")
        for stacks in STACKS:
            runs = {name: [] for name in commands}
            for _ in range(TURNS):
                for name, command in commands.items():
                    runs[name].append(measure(command, directory, stacks))
            print(f"| {stacks:,} | " + " | ".join(f"{ns:,.0f}" for name in commands
                                                  for ns in least(runs[name])) + " |", flush=True)


main()
