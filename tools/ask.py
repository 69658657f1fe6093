#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks a profile the first questions and prints the answers as tables.

usage: ask.py profile.db
"""
import os
import sqlite3
import sys

# As anyone would type them; README.md has the same three.
SITES = "SELECT bt, sum(size) FROM allocations GROUP BY bt ORDER BY sum(size) DESC LIMIT 10"
SHORT_LIVED = ("SELECT bt, count(0), sum(size) FROM allocations where dealloc_after NOT NULL"
               " AND dealloc_after - alloc_after < 10000"
               " GROUP BY bt ORDER BY sum(size) DESC LIMIT 5")
STACK = "select frame_no, sym, file, line from backtraces where id = '{}' limit 10"
LIVE = "SELECT stack, blocks, bytes FROM leaks ORDER BY bytes DESC LIMIT 5"


def cell(name, value):
    if value is None:
        return "?"
    text = os.path.basename(str(value)) if name == "file" else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def table(names, rows):
    rows = [[cell(name, value) for name, value in zip(names, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *rows)]
    right = [all(row[i].isdigit() for row in rows) for i in range(len(names))]
    for row in [names, ["-" * width for width in widths], *rows]:
        print("  ".join(text.rjust(width) if flag else text.ljust(width)
                        for text, width, flag in zip(row, widths, right)).rstrip())


def describe(database, stack):
    """The nearest caller in the program, and the function of a library that
    stands between it and the allocation."""
    frames = database.execute(
        "SELECT sym, file, line, module_path IN (SELECT executable FROM processes) FROM backtraces"
        " WHERE id = ? ORDER BY frame_no", (stack,)).fetchall()
    if not frames:
        return [None, None, None, ""]
    own = next((frame for frame in frames if frame[1] and frame[3]), frames[0])
    return [*own[:3], "" if own is frames[0] else frames[0][0]]


def by_stack(database, title, query):
    """A query whose first column is a stack, with what that stack is."""
    print(f"\n-- {title}\n{query};\n")
    result = database.execute(query)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    table([*names, "sym", "file", "line", "through"],
          [[*row, *describe(database, row[0])] for row in rows])
    return rows


def main():
    database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    rows = by_stack(database, "Who allocates most?", SITES)
    by_stack(database, "What lives less than ten seconds?", SHORT_LIVED)
    query = STACK.format(rows[0][0])
    print(f"\n-- How did the program get to the first of them?\n{query};\n")
    result = database.execute(query)
    table([column[0] for column in result.description], result.fetchall())
    by_stack(database, "What was never freed?", LIVE)


main()
