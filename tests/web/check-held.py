#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The view "Who holds it" of a report page, in a real browser, of a program whose holders are known.

usage: check-held.py ASSETS-DIRECTORY SOURCE-DIRECTORY RHEAPER-REPORT RHEAPER-LOAD DRIVERS

What the page says is compared with sums over the blocks of the snapshot and their dominators. Prints
TAP, one point per test_ function.
"""
import base64
import gzip
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
import chromium  # noqa: E402
import pages  # noqa: E402

# A list, a table whose entries take turns, what two variables hold, what is lost, and what only a
# pointer into its middle holds. Pointers that a function leaves on the stack are overwritten.
PROGRAM = """
#include <rheaper.h>
#include <stdlib.h>
#include <string.h>
#define OWN __attribute__((noinline))
struct node { struct node *next; void *data; };
static struct node *list, *first, *second, **table;
static char *middle;
static OWN void build_list(void)
{
	for (int i = 0; i < 300; i++) {
		struct node *n = calloc(1, sizeof(*n));
		n->data = malloc(1000 + i);
		n->next = list;
		list = n;
	}
}
static OWN void build_table(void)
{
	table = calloc(64, sizeof(*table));
	for (int i = 0; i < 64; i++) {
		table[i] = calloc(1, sizeof(**table));
		table[i]->data = calloc(2, sizeof(void *));
		*(void **)table[i]->data = malloc(50 * i + 1);
	}
}
static OWN void share(void)
{
	void *both = calloc(1, 30000);
	first = calloc(1, 24);
	second = calloc(1, 24);
	first->data = second->data = both;
}
static OWN void point_inside(void)
{
	middle = (char *)malloc(70000) + 8;
}
static OWN void lose(void)
{
	void *volatile p = malloc(9000);
	p = NULL;
}
static OWN void wipe(void)
{
	char room[20000];
	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}
int main(void)
{
	build_list();
	rheaper_heap_snapshot("a list");
	build_table();
	share();
	point_inside();
	lose();
	wipe();
	rheaper_heap_snapshot("</script><b>whole</b> \\xe2\\x80\\xae");
	return 0;
}
"""
WHOLE = "</script><b>whole</b>"


class Bench:
    def __init__(self, directory):
        self.directory, self.browser, self.is_built = pathlib.Path(directory), None, False
        self.texts = pages.assets(sys.argv[1])
        self.source = pathlib.Path(sys.argv[2]).resolve()
        self.report, self.load, self.drivers = map(os.path.abspath, sys.argv[3:6])

    def run(self, *command, **more):
        subprocess.run([str(word) for word in command], check=True, cwd=self.directory, stdout=subprocess.DEVNULL, env={**os.environ, **more})

    def database(self):
        if not self.is_built:
            (self.directory / "held.c").write_text(PROGRAM)
            self.run(f"{self.drivers}/rheaper-gcc", "-g", "-O0", "-I", self.source / "include", "-o", "held", "held.c")
            self.run("./held", RHEAPER_TRACE=str(self.directory / "held.trace"))
            self.run(self.load, "-q", "held.trace", "held.db")
            self.is_built = True
        return sqlite3.connect(self.directory / "held.db")

    def page(self, *options, database="held.db"):
        """The file of a page."""
        if not self.texts:
            raise tap.Skip("no libraries for pages in this build")
        self.database()
        self.run(self.report, "--html=held.html", *options, database)
        return self.directory / "held.html"

    def open(self, *options, fragment="#view=held", database="held.db", **how):
        path = self.page(*options, database=database)
        if not chromium.find():
            raise tap.Skip("no chromium here")
        if not self.browser:
            self.browser = chromium.Browser(self.directory)
        return self.browser.page(path, fragment=fragment, **how)

    def close(self):
        if self.browser:
            self.browser.close()

    def done(self, page):
        complaints = page.complaints()
        page.close()
        assert complaints == [], complaints


class Held:
    """What SQL says of a snapshot: blocks with sizes and lines, and what dominates each."""

    def __init__(self, db, snapshot):
        self.lines = {stack: (function, os.path.basename(file or ""), line) for stack, function, file, line in
                      db.execute("SELECT stack, owner_function, owner_file, owner_line FROM sites")}
        self.blocks = {node: (size, self.lines[stack], dominator, possible) for node, size, stack, dominator, possible in
                       db.execute("SELECT node, size, stack, dominator, holder_possible FROM heap_blocks WHERE snapshot = ?", (snapshot,))}
        self.roots = {node: (kind, name, size, blocks) for node, kind, name, size, blocks in
                      db.execute("SELECT node, kind, name, retained_bytes, retained_blocks FROM heap_roots WHERE snapshot = ?", (snapshot,))}

    def chain(self, node):
        """A block, what dominates it, what dominates that; at last a root, or 0."""
        while node in self.blocks:
            yield node
            node = self.blocks[node][2] or 0
        yield node

    def label(self, line):
        return f"{line[0]} ({line[1]}:{line[2]})"

    def retained(self):
        """What is below each line or root, in bytes and blocks; and what no root retains."""
        out, several = {}, {}
        for node, (size, _, _, _) in self.blocks.items():
            *above, end = self.chain(node)
            names = {self.label(self.blocks[one][1]) for one in above}
            if end in self.roots:
                names.add(("root", end))
            else:
                top = self.label(self.blocks[above[-1]][1])
                several[top] = several.get(top, 0) + size
            for name in names:
                was = out.get(name, (0, 0))
                out[name] = was[0] + size, was[1] + 1
        return out, several


def last_snapshot(db):
    return db.execute("SELECT max(snapshot) FROM heap_snapshots").fetchone()[0]


UNFOLD = "(document.querySelectorAll('#tree-held [aria-expanded=false] .twist').forEach((twist) => twist.click()), !document.querySelector('#tree-held [aria-expanded=false]'))"
# [level, name, bytes, blocks, own bytes, own blocks, marks] of each row
ROWS = """[...document.querySelectorAll('#tree-held tbody tr')].map((row) => [Number(row.getAttribute('aria-level')), row.querySelector('.name').textContent,
    ...[...row.querySelectorAll('[data-value]')].map((one) => Number(one.dataset.value)), row.lastElementChild.textContent])"""
BOXES = """[...document.querySelectorAll('.flame.held .box')].map((box) => [Number(box.getAttribute('aria-level')), box.getAttribute('aria-label').split(', ')[0], Number(box.dataset.bytes), parseFloat(box.style.width), box.dataset.node])"""


def rows_of(page):
    page.wait(UNFOLD)
    return page.run(ROWS)


def without_handle(name):
    return re.sub(r"^s\d+ ", "", name)


def test_rows_have_the_sums_of_the_blocks(b):
    db = b.database()
    held = Held(db, last_snapshot(db))
    retained, several = held.retained()
    page = b.open("--prune=0")
    rows = rows_of(page)
    assert rows[0][2:6] == [sum(size for size, *_ in held.blocks.values()), len(held.blocks), 0, 0], rows[0]
    # A line may have several rows, none of them below another
    seen, own = {}, {}
    for _, name, size, blocks, own_size, own_blocks, _ in rows[1:]:
        is_site = name != without_handle(name)
        name = without_handle(name)
        was = seen.get((is_site, name), (0, 0))
        seen[is_site, name] = was[0] + size, was[1] + blocks
        was = own.get(name, (0, 0))
        own[name] = was[0] + own_size, was[1] + own_blocks
    lines = {name: sums for name, sums in retained.items() if isinstance(name, str)}
    assert {name: sums for (is_site, name), sums in seen.items() if is_site} == lines, (seen, lines)
    for line in set(held.lines.values()):
        blocks = [size for size, other, *_ in held.blocks.values() if other == line]
        assert own.get(held.label(line), (0, 0)) == (sum(blocks), len(blocks)), line
    for node, (kind, name, size, blocks) in held.roots.items():
        assert retained.get(("root", node), (0, 0)) == (size, blocks), node
    roots = sorted(sums for (is_site, _), sums in seen.items() if not is_site)
    assert roots == sorted((size, blocks) for _, _, size, blocks in held.roots.values() if size), roots
    for name in "list", "table", "middle", "first", "second":
        assert any(re.match(rf"global {name} \(held\.c:\d+\)$", row[1]) and row[0] == 2 for row in rows), (name, rows)
    assert {without_handle(row[1]): row[2] for row in rows if "held by several" in row[6]} == several and several, several
    b.done(page)


def test_boxes_are_as_wide_as_what_they_retain(b):
    db = b.database()
    held = Held(db, last_snapshot(db))
    page = b.open("--prune=0")
    for unit, column in ("bytes", 2), ("blocks", 3):
        page.run(f"rheaper.set({{unit: '{unit}'}})")
        rows, boxes = rows_of(page), page.run(BOXES)
        total, pixels = boxes[0][2], page.run("document.querySelector('.flame.held').clientWidth")
        assert total == rows[0][column] == page.run("Number(document.querySelector('[data-total]').dataset.total)")
        assert total == (sum(size for size, *_ in held.blocks.values()) if unit == "bytes" else len(held.blocks))
        figures = {(row[0], row[1], row[column]) for row in rows}
        for level, name, value, width, node in boxes:
            assert abs(width - 100 * value / total) < 1e-3, (name, value, width)
            assert node == "rest" or (level, name, value) in figures, (level, name, value)
        wide = [row for row in rows if row[column] > total * 2 / pixels]
        assert len(wide) >= 8 and len([box for box in boxes if box[4] != "rest" and box[2] > total * 2 / pixels]) == len(wide)
    b.done(page)


def test_what_is_possible_is_marked(b):
    db = b.database()
    held = Held(db, last_snapshot(db))
    page = b.open("--prune=0")
    expected = {}
    for _, line, _, possible in held.blocks.values():
        if possible:
            expected[held.label(line)] = expected.get(held.label(line), 0) + 1
    marks = {without_handle(row[1]): int(re.search(r"(\d+) possible", row[6]).group(1)) for row in rows_of(page) if "possible" in row[6]}
    assert marks == expected and any(name.startswith("point_inside") for name in marks), (marks, expected)
    b.done(page)


def test_the_keyboard_reaches_every_box_and_row(b):
    page = b.open("--prune=0")
    focused = "[document.activeElement.dataset.node, document.activeElement.getAttribute('aria-level')]"
    page.run("document.querySelector('.flame.held .box[tabindex=\"0\"]').focus()")
    assert page.run(focused) == ["0", "1"]
    page.key("ArrowDown")
    child, level = page.run(focused)
    assert level == "2"
    page.key("ArrowRight")
    sibling, level = page.run(focused)
    assert level == "2" and sibling != child
    page.key("ArrowLeft")
    assert page.run(focused) == [child, "2"]
    name = page.run("document.activeElement.getAttribute('aria-label').split(', ')[0]")
    page.wait(f"document.querySelector('.details .full-name').textContent.startsWith({json.dumps(name.split(' (')[0])})")
    page.key("Enter")
    page.wait(f"rheaper.state().held_zoom === {child} && rheaper.state().zoom === 0")
    assert page.run(focused) == [child, "2"] and "zoomed to" in page.run("document.querySelector('.statement').textContent")
    page.wait(f"location.hash.includes('held_zoom={child}')")
    page.key("ArrowUp")
    assert page.run(focused) == ["0", "1"]
    page.key("p")
    page.key("h")
    assert page.run("rheaper.state().pivot === '' && rheaper.state().chips.length === 0")
    page.key("Escape")
    page.wait("rheaper.state().held_zoom === 0")
    page.run("document.querySelector('#tree-held tbody tr').focus()")
    page.key("End")
    rows = page.run("document.querySelectorAll('#tree-held tbody tr').length")
    page.wait(f"document.activeElement === document.querySelectorAll('#tree-held tbody tr')[{rows - 1}]")
    page.key("Home")
    page.wait("document.activeElement === document.querySelector('#tree-held tbody tr')")
    page.key("ArrowLeft")
    page.wait("document.querySelectorAll('#tree-held tbody tr').length === 1")
    page.key("ArrowRight")
    page.wait("document.querySelectorAll('#tree-held tbody tr').length > 1")
    page.run("document.getElementById('tab-flame').click()")
    assert page.run("document.querySelectorAll('.flame.main .box').length") > 3
    b.done(page)


def test_a_search_finds_lines_and_what_they_retain(b):
    db = b.database()
    retained, _ = Held(db, last_snapshot(db)).retained()
    page = b.open("--prune=0")
    page.run("rheaper.set({search: 'point_inside'})")
    expected = sum(sums[0] for name, sums in retained.items() if isinstance(name, str) and name.startswith("point_inside"))
    assert page.run("Number(document.querySelector('[data-matched]').dataset.matched)") == expected == 70000
    assert page.run("document.querySelectorAll('.flame.held .box.hit').length") == 1
    page.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'n', bubbles: true}))")
    page.wait("document.activeElement.getAttribute('aria-label').includes('point_inside')")
    b.done(page)


def test_what_is_small_is_added_up(b):
    db = b.database()
    total = db.execute("SELECT bytes, blocks FROM heap_snapshots ORDER BY snapshot DESC").fetchone()
    page = b.open("--prune=5")
    rows = rows_of(page)
    smaller = [row for row in rows if re.match(r"\(\d+ smaller ones?\)$", row[1])]
    folded = sum(int(re.search(r"\d+", row[1]).group()) for row in smaller)
    assert smaller and folded == page.run("rheaper.model.meta.heap_snapshot.folded")
    assert rows[0][2:4] == list(total) == [sum(row[4] for row in rows), sum(row[5] for row in rows)]
    words = page.run("document.querySelector('main').innerText").replace("\u00a0", " ")
    assert re.search(rf"\b{folded} groups with less than 5(\.0)? % of the bytes and of the blocks", words), words
    b.done(page)


def test_the_last_snapshot_or_a_chosen_one_is_shown(b):
    db = b.database()
    shots = db.execute("SELECT name, bytes FROM heap_snapshots ORDER BY snapshot").fetchall()
    assert [name for name, _ in shots][0] == "a list" and shots[-1][0].startswith(WHOLE), shots
    for options, (name, size) in ((), shots[-1]), (("--snapshot=a list",), shots[0]):
        page = b.open(*options)
        assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == size
        words = page.run("document.querySelector('.intro').innerText")
        assert name.split(" \u202e")[0] in words and "1 of 2" in words and "\u202e" not in words, words
        assert page.run("document.querySelectorAll('.intro b b').length") == 0
        b.done(page)


def data_of(path):
    raw = gzip.decompress(base64.b64decode(re.search(r'id="data">([^<]*)<', path.read_text()).group(1)))
    return json.loads(raw[4:4 + int.from_bytes(raw[:4], "little")])


def test_without_a_snapshot_there_is_nothing_of_it(b):
    db = b.database()
    has = data_of(b.page())
    assert has["heap_snapshot"]["snapshots"] == 2 and any(column["name"] == "holder.place" for column in has["columns"])
    (b.directory / "bare.db").write_bytes((b.directory / "held.db").read_bytes())
    bare = sqlite3.connect(b.directory / "bare.db")
    for table, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'heap\\_%' ESCAPE '\\'").fetchall():
        bare.execute(f"DELETE FROM {table}")
    bare.commit()
    bare.close()
    data = data_of(b.page(database="bare.db"))
    assert "heap_snapshot" not in data and not [column for column in data["columns"] if column["name"].startswith("holder")]
    assert WHOLE not in json.dumps(data)
    page = b.open(database="bare.db")
    assert page.run("document.getElementById('tab-held') === null && rheaper.state().view === 'flame'")
    b.done(page)


def test_a_snapshot_that_failed_leaves_the_one_before(b):
    b.database()
    (b.directory / "bad.db").write_bytes((b.directory / "held.db").read_bytes())
    bad = sqlite3.connect(b.directory / "bad.db")
    bad.execute("UPDATE heap_snapshots SET error = 'too big' WHERE snapshot = (SELECT max(snapshot) FROM heap_snapshots)")
    bad.commit()
    bad.close()
    assert data_of(b.page(database="bad.db"))["heap_snapshot"]["name"] == "a list"


def test_paths_are_left_out_if_asked(b):
    path = str(b.directory)
    assert path in json.dumps(data_of(b.page("--prune=0"))["strings"])
    assert path not in json.dumps(data_of(b.page("--prune=0", "--redact=paths")))


def test_it_fits_a_phone(b):
    page = b.open(width=390, height=800)
    assert page.run("document.documentElement.scrollWidth") <= 390
    b.done(page)


def test_axe_finds_nothing(b):
    axe = b.source / "subprojects/packagecache/web/axe-core-4.14.1/axe.min.js"
    if not axe.exists():
        raise tap.Skip("no axe-core here")
    for theme in "light", "dark":
        page = b.open(media=[("prefers-color-scheme", theme)])
        page.call("Runtime.evaluate", expression=axe.read_text())
        page.run("document.querySelector('.flame.held .box[data-node=\"1\"]').click()")
        page.wait("document.querySelector('.details .full-name')")
        found = page.run("axe.run('main', {resultTypes: ['violations']}).then((said) => said.violations.map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')))")
        assert found == [], (theme, found)
        page.close()


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    tap.run(globals(), Bench)
