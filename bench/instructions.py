#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rheaper adds to the instructions of real programs, as Valgrind counts them: those
of the kernel are not among them. They do not depend on how busy the machine is.

usage: bench/instructions.py BUILD-DIRECTORY [WORD]   (programs with WORD in their name)
"""
import os
import re
import subprocess
import sys
import tempfile

import programs
import run

TOOLS = [tool for tool in run.TOOLS if tool.binary != "plain" or tool.name == "plain"]


def count(tool, command, out):
    os.makedirs(out, exist_ok=True)
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    env = {name: value.replace("@out", out) for name, value in tool.env.items()}
    result = subprocess.run(words, env={**os.environ, **env}, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, errors="replace", check=True)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def main():
    driver = os.path.join(os.path.abspath(sys.argv[1]), "rheaper-cc", "rheaper-cc")
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    print("| millions | " + " | ".join(tool.name for tool in TOOLS) + " |")
    print("|---" * (len(TOOLS) + 1) + "|")
    for name, row in programs.PROGRAMS.items():
        if wanted not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
            real = run.Real(name, row)
            real.build(directory, driver)
            found = [count(tool, row.command(os.path.join(directory, tool.binary), directory),
                           os.path.join(directory, "out")) for tool in TOOLS]
        cells = [f"{n / 1e6:.0f} ({100 * (n / found[0] - 1):+.1f} %)" for n in found]
        print(f"| {name} | " + " | ".join(cells) + " |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
