#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""schema.sql as those meet it who only read the database: every column has a type, whatever
asks for it; keys point to what is there; codes have their names.

usage: check-schema.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-ROOT

Prints TAP, one point per test_ function.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:4])

PROGRAM = """
#include <pthread.h>
#include <stdlib.h>
#include <rheaper.h>
static void *volatile keep[100];
static void *work(void *unused) { keep[90] = malloc(100); free(malloc(33)); return unused; }
int main(void)
{
	pthread_t thread;
	for (int i = 0; i < 50; i++)
		keep[i] = malloc(100);
	for (int i = 0; i < 20; i++)
		free(keep[i]);
	rheaper_mark("half");
	{
		RHEAPER_SCOPE("outer");
		RHEAPER_SCOPE("inner");
		keep[60] = realloc(realloc(malloc(10), 1000), 20000);
		pthread_create(&thread, NULL, work, NULL);
		pthread_join(thread, NULL);
	}
	rheaper_begin("open");
	keep[61] = malloc(77);
	char *p = new char[8];
	delete p;
	return 0;
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.run(os.path.join(BIN, "rheaper-c++"), "-g", "-O0", "-pthread", "-w",
                 "-I" + os.path.join(SOURCE, "include"), self.file("program.cc", PROGRAM), "-o", "program")
        for name in "a.bin", "b.bin":
            self.run("./program", RHEAPER_TRACE=name, RHEAPER_LEAK_SCAN="graph")
        self.run(LOADER, "-q", "a.bin", "b.bin", "two.db")
        self.db = sqlite3.connect(self.path("two.db"))
        self.relations = [name for name, in self.db.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1")]

    def columns(self, relation):
        return [row[1] for row in self.db.execute(f"PRAGMA table_info({relation})")]


def test_a_number_is_found_by_its_text(b):
    """A column without affinity compares 100 with '100' as unequal, and says nothing."""
    for relation in b.relations:
        for column in b.columns(relation):
            values = b.db.execute(f"SELECT DISTINCT {column} FROM {relation} WHERE {column} NOT NULL"
                                  f" AND typeof({column}) <> 'text' LIMIT 3").fetchall()
            for value, in values:
                number, text = (b.db.execute(f"SELECT count(*) FROM {relation} WHERE {column} = ?",
                                             (key,)).fetchone() for key in (value, repr(value)))
                assert number == text and number[0] > 0, (relation, column, value, number, text)


def test_a_column_has_one_type(b):
    for relation in b.relations:
        for column in b.columns(relation):
            types = {kind for kind, in b.db.execute(
                f"SELECT DISTINCT typeof({column}) FROM {relation}")} - {"null"}
            assert len(types) <= 1, (relation, column, types)


def declared(columns):
    """Those of [relation, column, type] whose type is not one of SQLite's strict ones."""
    return [column for column in columns if column[2] not in ("INT", "INTEGER", "REAL", "TEXT")]


def test_each_column_of_a_table_has_a_type(b):
    rows = [[name, row[1], row[2]] for name, in b.db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'") for row in
            b.db.execute(f"PRAGMA table_info({name})")]
    assert len(rows) > 100 and declared(rows) == [], declared(rows)


def test_each_column_of_a_view_has_a_type(b):
    """SQLite tells the type of an expression in a view since 3.41; where Python has an older
    one, sql.js of npm is asked, which RHEAPER_SQLJS names."""
    if sqlite3.sqlite_version_info >= (3, 41):
        rows = [[name, row[1], row[2]] for name in b.relations
                for row in b.db.execute(f"PRAGMA table_info({name})")]
    else:
        rows = ask_sqljs(b)
    assert len(rows) > 300 and declared(rows) == [], declared(rows)


def ask_sqljs(b):
    module = os.environ.get("RHEAPER_SQLJS")
    if not module or not shutil.which("node"):
        raise tap.Skip("needs SQLite 3.41, or Node.js and sql.js (RHEAPER_SQLJS)")
    script = b.file("types.js", f"""
require({json.dumps(module)})().then(SQL => {{
  const db = new SQL.Database(require('fs').readFileSync('two.db')), rows = [];
  for (const [name] of db.exec("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")[0].values)
    for (const row of db.exec('PRAGMA table_info(' + name + ')')[0].values)
      rows.push([name, row[1], row[2]]);
  console.log(JSON.stringify(rows));
}});
""")
    said = subprocess.run(["node", script], cwd=b.dir, capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def test_keys_point_to_what_is_there(b):
    assert b.db.execute("PRAGMA foreign_key_check").fetchall() == []
    keys = [row for name in b.relations for row in b.db.execute(f"PRAGMA foreign_key_list({name})")]
    assert len(keys) > 30, keys


def test_totals_of_a_process_are_its_own(b):
    """The program ran twice: each row is of one of the runs, and both say the same."""
    for view, key in (("call_sites", "stack"), ("leaks", "stack"), ("call_tree", "node"),
                      ("caller_tree", "node"), ("file_totals", "file"), ("module_totals", "module_path"),
                      ("family_totals", "allocated_by"), ("leaks_by_kind", "stack || leak_kind")):
        first, second = (b.db.execute(f"SELECT {key}, * FROM {view} WHERE process = ? ORDER BY 1",
                                      (process,)).fetchall() for process in (1, 2))
        assert first and len(first) == len(second), view
        assert [row[0] for row in first] == [row[0] for row in second], view
    blocks = b.db.execute("SELECT process, count(*) FROM blocks JOIN lots"
                          " ON block BETWEEN first_block AND last_block GROUP BY process").fetchall()
    for view, where in ("call_sites", ""), ("call_tree", " WHERE depth = 0"), ("file_totals", ""):
        assert b.db.execute(f"SELECT process, sum(allocations) FROM {view}{where} GROUP BY process"
                            ).fetchall() == blocks, view


def documents():
    """Every page and manual page, and the README. check-queries.py has the page of queries."""
    return [os.path.join(SOURCE, "README.md")] + [
        os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(SOURCE, "docs"))
        for name in names if name.endswith((".md", ".scd")) and name != "queries.md"]


def queries(text):
    """The SQL in a page: in the words of a command, in backquotes, or by itself. What is left
    out in it ("...") is no query."""
    found = re.findall(r"sqlite3 [^'\"\n]*(['\"])([^'\"]*(?:(?!\1)['\"][^'\"]*)*)\1", text)
    found = [sql for _, sql in found if re.match(r"\s*(SELECT|WITH)\b", sql, re.I)]
    found += re.findall(r"`((?:SELECT|select|WITH) [^`]*)`", text)
    found += [sql for sql, _ in re.findall(r"^((SELECT|WITH)\b[^;`]*;)$", text, re.M)]
    return [sql for sql in found if "..." not in sql and "rheaper_trace(" not in sql]


def test_queries_in_documents_can_be_asked(b):
    n = 0
    for path in documents():
        with open(path) as page:
            text = page.read()
        for sql in queries(text):
            try:
                b.db.execute("EXPLAIN " + sql.replace("\\_", "_"))
            except sqlite3.Error as error:
                raise AssertionError(os.path.relpath(path, SOURCE), sql, error) from error
            n += 1
    assert n > 20, n


def strings(text):
    """The literals of a Python or C source, those that stand beside each other put together."""
    literal = r'"((?:[^"\\\n]|\\.)*)"'
    for run in re.finditer(rf"f?{literal}(?:\s*f?{literal})*", text):
        yield "".join(re.findall(literal, run.group()))


def test_queries_of_benches_and_tools_can_be_asked(b):
    """No test runs these: a bench may take an hour."""
    n = 0
    for folder in "bench", "tools":
        for name in sorted(os.listdir(os.path.join(SOURCE, folder))):
            if not name.endswith((".py", ".c")):
                continue
            with open(os.path.join(SOURCE, folder, name)) as source:
                queries_here = [text for text in strings(source.read())
                                if re.match(r"SELECT\b.*\bFROM\b", text, re.I) and "{" not in text
                                # ClickHouse's own tables
                                and not re.search(r"\bFROM system\.", text)]
            for sql in queries_here:
                try:
                    b.db.execute("EXPLAIN " + sql, (None,) * sql.count("?"))
                except sqlite3.Error as error:
                    raise AssertionError(folder, name, sql, error) from error
            n += len(queries_here)
    assert n >= 10, n


def test_circles_come_to_an_end(b):
    """A database may come from anywhere: parents that are each other's end a query, too."""
    path = b.path("circle.db")
    shutil.copy(b.path("two.db"), path)
    with sqlite3.connect(path) as db:
        db.executescript("UPDATE scopes SET parent = 3 - scope WHERE scope < 3; UPDATE top_down_nodes SET parent = node"
                         " WHERE node > 0; UPDATE bottom_up_nodes SET parent = node WHERE node > 0")
        db.set_progress_handler(lambda: 1, 50_000_000)  # steps of SQLite's machine
        for view in "scope_totals", "scope_allocations", "call_tree", "caller_tree":
            db.execute(f"SELECT count(*) FROM {view}").fetchone()
    db.close()


def test_phases_are_looked_up_once(b):
    """Not for each block: then a program that sets marks would have its blocks times its marks."""
    plan = [row[3] for row in b.db.execute("EXPLAIN QUERY PLAN SELECT * FROM phase_totals")]
    assert any("SEARCH p USING AUTOMATIC" in step for step in plan), plan


def test_a_name_means_one_thing(b):
    """A time has its unit, and no column is called what SQL itself means otherwise."""
    names = {column for relation in b.relations for column in b.columns(relation)}
    kept = {"bt", "addr", "id", "sym", "alloc_after", "dealloc_after", "dealloc_thread"}
    contract = set(b.columns("allocations")) | set(b.columns("backtraces"))
    assert kept <= contract
    for relation in b.relations:
        if relation not in ("allocations", "backtraces"):
            assert not kept & set(b.columns(relation)), relation
    assert not names & {"end", "start", "started", "loaded", "scope_kind"}, names
    times = {name for name in names if re.search(r"(^|_)(at|begin|duration|lifetime|peak)$", name)}
    assert times <= {"started_at", "loaded_at"}, times


tap.run(globals(), Bench)
