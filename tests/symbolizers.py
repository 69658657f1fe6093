# SPDX-License-Identifier: MIT
"""What other programs say of addresses, and whether they say the same."""
import bisect
import os
import re
import resource
import shutil
import subprocess

JUDGES = [
    ("llvm-symbolizer", ["--output-style=GNU", "-a", "-f", "-i", "-C", "-e"]),
    ("eu-addr2line", ["-a", "-f", "-i", "-C", "-e"]),
    ("addr2line", ["-a", "-f", "-i", "-C", "-e"]),
]
KINDS = ["chain", "line", "file", "name"]


def judges(program):
    """Names and commands of those that are installed."""
    return [(name, [name, *words, program]) for name, words in JUDGES if shutil.which(name)]


def choose_addresses(program, n):
    """Evenly over the bytes of all functions, so large ones have more."""
    symbols = subprocess.run(["nm", "-S", "--defined-only", program], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    functions = sorted({(int(words[0], 16), int(words[1], 16)) for words in
                        map(str.split, symbols.splitlines())
                        if len(words) == 4 and words[2] in "tTwW"})
    starts, total = [], 0
    for _, size in functions:
        starts.append(total)
        total += size
    addresses = set()
    for i in range(n):
        at = i * total // n
        index = bisect.bisect_right(starts, at) - 1
        addresses.add(functions[index][0] + at - starts[index])
    return sorted(addresses)


def parse(text):
    """Address: list of (name, file, line), as addr2line -a -f -i writes it."""
    answers, lines = {}, text.split("\n")
    at = 0
    while at < len(lines) - 1:
        if not lines[at]:
            at += 1
        elif lines[at].startswith("0x"):
            frames = answers.setdefault(int(lines[at], 16), [])
            at += 1
        else:
            # FILE:LINE, eu-addr2line adds :COLUMN and more
            file, line = re.match(r"(.*?):(\d+|\?)(:\d+)?( \(.*)?$", lines[at + 1]).group(1, 2)
            frames.append((lines[at].split(" inlined at ")[0], os.path.basename(file),
                           int(line) if line.isdigit() else 0))
            at += 2
    return answers


def ask(command, addresses):
    """The answers, seconds of user and system time, and what it says besides. Some exit with
    a status for an address that they do not know."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, input="".join(f"0x{a:x}\n" for a in addresses), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (parse(result.stdout), after.ru_utime + after.ru_stime - before.ru_utime
            - before.ru_stime, result.stderr)


def plain(name):
    """The function's own name: demanglers differ in all that is around it."""
    for operator in "()", "->", "<<", ">>", "<", ">":
        name = name.replace("operator" + operator, "operator")
    depth, out = 0, ""
    for letter in name:
        depth += letter in "<([{"
        if depth == 0:
            out += letter
        depth -= letter in ">)]}"
    words = re.sub(r"[.@].*", "", out.replace(" const", "")).split()
    return words[-1].split("::")[-1] if words else ""


def difference(ours, theirs):
    """The first of KINDS that differs, or None."""
    if len(ours) != len(theirs):
        return "chain"
    for (name, file, line), (other, their_file, their_line) in zip(ours, theirs):
        if line != their_line:
            return "line"
        if file != their_file:
            return "file"
        if other != "??" and plain(name) != plain(other):
            return "name"
    return None
