#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks a profile the three first questions and prints the answers as tables.

usage: ask.py profile.db
"""
import os
import sqlite3
import sys

SITES = """
SELECT sum(size) AS bytes, count(*) AS blocks, bt FROM allocations
GROUP BY bt ORDER BY sum(size) DESC LIMIT 10"""
LIVE = """
SELECT sum(size) AS bytes, count(*) AS blocks, bt FROM allocations
WHERE dealloc_after IS NULL GROUP BY bt ORDER BY sum(size) DESC LIMIT 10"""
STACK = "SELECT frame_no, sym, file, line FROM backtraces WHERE id = '{}' ORDER BY frame_no"


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


def by_site(database, title, query):
    """A query that ends in a bt column, with the nearest caller in the
    program, and the function of a library between it and the allocation."""
    print(f"\n-- {title}\n{query.strip()}\n")
    result = database.execute(query)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    shown = []
    for row in rows:
        frames = database.execute(
            "SELECT sym, file, line FROM backtraces WHERE id = ?"
            " ORDER BY file IS NOT NULL AND module IN (SELECT executable FROM processes) DESC,"
            " frame_no", (row[-1],)).fetchall()
        known = frames[0] if frames else (None, None, None)
        first = database.execute("SELECT sym, file, line FROM backtraces WHERE id = ?"
                                 " AND frame_no = 0", (row[-1],)).fetchone() or known
        shown.append([*row, *known, "" if known == first else first[0]])
    table([*names, "sym", "file", "line", "through"], shown)
    return rows


def main():
    database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    rows = by_site(database, "Who allocates most?", SITES)
    by_site(database, "What was never freed?", LIVE)
    query = STACK.format(rows[0][-1])
    print(f"\n-- How did the program get there?\n{query}\n")
    result = database.execute(query)
    table([column[0] for column in result.description], result.fetchall())


main()
