#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A report page in a real browser: every view is driven, and its figures compared with sums over
the blocks that the page was made of.

usage: check-page.py ASSETS-DIRECTORY SOURCE-DIRECTORY [RHEAPER-REPORT RHEAPER-LOAD DRIVERS [POINT...]]

ASSETS-DIRECTORY has what web/bundle.py joined, DRIVERS rheaper-gcc. Prints TAP, one point per test_ function.
"""
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
import chromium  # noqa: E402
import hostile  # noqa: E402
import pages  # noqa: E402

METRICS = ["peak", "use", "alloc", "freed", "kept", "grown", "leaked", "temp"]
VIEWS = ["flame", "tree", "sites", "files", "leaks", "sizes", "map", "temporary", "threads", "frees", "growth", "phases", "about"]


class Bench:
    def __init__(self, directory):
        self.directory, self.browser, self.made = pathlib.Path(directory), None, {}
        self.texts = pages.assets(sys.argv[1])
        self.source = pathlib.Path(sys.argv[2]).resolve()

    def open(self, name, bundle, **how):
        if not self.texts:
            raise tap.Skip("no libraries for pages in this build")
        if not chromium.find():
            raise tap.Skip("no chromium here")
        if not self.browser:
            self.browser = chromium.Browser(self.directory)
        path = self.directory / (name + ".html")
        path.write_text(pages.document(self.texts, bundle, bundle.meta["title"]) if isinstance(bundle, pages.Bundle) else bundle,
                        encoding="utf-8", errors="surrogatepass")
        return self.browser.page(path, **how)

    def program(self, seed=1):
        if seed not in self.made:
            self.made[seed] = pages.random_program(seed)
        return self.made[seed]

    def close(self):
        if self.browser:
            self.browser.close()

    def done(self, page):
        """A page has asked for nothing, broken no rule and said nothing."""
        complaints = page.complaints()
        page.close()
        assert complaints == [], complaints


def text(page, selector="main"):
    return page.run(f"document.querySelector({selector!r}).innerText").replace("\u00a0", " ")


# Of each query what the page shows: boxes as [level, left, width, name, figure]
READ_FLAME = """(queries) => queries.map((query) => { rheaper.set({view: 'flame', zoom: 0, outer: true, ...query});
    return {total: Number(document.querySelector('[data-total]').dataset.total), sites: null, boxes: [...document.querySelectorAll('.box')].map((box) =>
        [Number(box.getAttribute('aria-level')), parseFloat(box.style.left), parseFloat(box.style.width), box.getAttribute('aria-label').split(',')[0], Number(box.dataset.bytes), box.dataset.node])}; })"""
READ_FLAME_AS_IT_IS = "(" + READ_FLAME.replace("rheaper.set({view: 'flame', zoom: 0, outer: true, ...query});", "") + ")([{}])[0].boxes"
READ_ROWS = """(queries) => queries.map((query) => { rheaper.set(query);
    return [...document.querySelectorAll('main [data-bytes]')].map((row) => [Number(row.getAttribute('aria-level')) || row.dataset.rowSite, row.dataset.node ?
        row.querySelector('.name').textContent : '', Number(row.dataset.bytes)]); })"""


def paths_of(boxes):
    """The path of names to each box, by where it lies."""
    levels, out = {}, {}
    for box in sorted(boxes):
        level, left, width, name, value, node = box
        above = [path for l, w, path in levels.get(level - 1, []) if l - 1e-3 <= left and left + width <= l + w + 1e-3]
        path = above[0] + (name,) if above else ()
        levels.setdefault(level, []).append((left, width, path))
        if node != "rest":
            out[path] = value
    return out


def windows(program, number, seed):
    pick = random.Random(seed)
    return [sorted((pick.randrange(len(program.edges)), pick.randrange(len(program.edges)))) for _ in range(number)]


def test_the_flame_graph_has_the_sums_of_its_blocks(b):
    program = b.program()
    page = b.open("flame", pages.bundle(program), width=1800, height=1600)
    queries = [{"from": first, "to": last, "metric": metric, "unit": ("bytes", "blocks")[(first + last) % 2]}
               for first, last in windows(program, 200, 3) for metric in METRICS]
    for start in range(0, len(queries), 100):
        part = queries[start:start + 100]
        for query, seen in zip(part, page.run(f"({READ_FLAME})({part})")):
            sums = pages.expected(program, query["metric"], query["from"], query["to"], query["unit"])
            assert seen["total"] == sums[()], (query, seen["total"], sums[()])
            paths = paths_of(seen["boxes"])
            for path, value in paths.items():
                assert sums[path] == value, (query, path, value, sums[path])
            # What is two pixels wide has a box
            wide = 0 if query["metric"] == "grown" else sums[()] * 2 / 1400
            missing = [path for path, value in sums.items() if wide and value > wide and path not in paths]
            assert not missing, (query, missing)
    b.done(page)


COMPARED = {"use2": "use", "alloc2": "alloc", "kept2": "kept"}


def test_a_second_window_is_compared(b):
    """By every comparison, for pairs of windows: each box is the second's figure less the first's."""
    program = b.program(5)
    page = b.open("compared", pages.bundle(program))
    pairs = list(zip(windows(program, 40, 6), windows(program, 40, 7)))
    queries = [{"from": first, "to": last, "from2": first2, "to2": last2, "metric": metric, "unit": ("bytes", "blocks")[(first + last2) % 2]}
               for (first, last), (first2, last2) in pairs for metric in COMPARED]
    changes = 0
    for query, seen in zip(queries, page.run(f"({READ_FLAME})({queries})")):
        base = COMPARED[query["metric"]]
        before = pages.expected(program, base, query["from"], query["to"], query["unit"])
        after = pages.expected(program, base, query["from2"], query["to2"], query["unit"])
        sums = {path: after.get(path, 0) - before.get(path, 0) for path in {*before, *after}}
        assert seen["total"] == sums[()], (query, seen["total"], sums[()])
        for path, value in paths_of(seen["boxes"]).items():
            assert sums[path] == value, (query, path, value, sums[path])
            changes += value != 0
    assert changes > 1000, changes
    b.done(page)


def test_a_second_window_by_shift_and_by_keys(b):
    page = b.open("second", pages.bundle(b.program()))
    state = "JSON.stringify((({from, to, from2, to2, metric}) => ({from, to, from2, to2, metric}))(rheaper.state()))"
    drag = """(from, to, shiftKey) => { const over = document.querySelector('.u-over'), box = over.getBoundingClientRect();
        const send = (type, part) => over.dispatchEvent(new PointerEvent(type, {bubbles: true, button: 0, pointerId: 1, shiftKey, clientX: box.left + box.width * part, clientY: box.top + 9}));
        over.setPointerCapture = () => {}; send('pointerdown', from); send('pointermove', (from + to) / 2); send('pointermove', to); send('pointerup', to); }"""
    last = page.run("rheaper.model.last")
    page.run(f"({drag})(0.1, 0.3, false)")
    page.wait("rheaper.state().to < rheaper.model.last")
    first = page.run("[rheaper.state().from, rheaper.state().to]")
    page.run(f"({drag})(0.5, 0.8, true)")
    page.wait("rheaper.state().from2 >= 0")
    assert page.run("[rheaper.state().from, rheaper.state().to]") == first
    from2, to2 = page.run("[rheaper.state().from2, rheaper.state().to2]")
    assert first[1] < from2 < to2 <= last, (first, from2, to2)
    assert page.run("rheaper.state().metric") in COMPARED, page.run(state)
    assert "against" in text(page, ".window-bar")
    # The URL keeps it, a handle moves it, and what needs it goes with it
    page.wait("location.hash.includes('from2=')")
    page.run("document.querySelector('.grip.to2').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}))")
    assert page.run("rheaper.state().to2") == to2 - 1
    page.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'c', bubbles: true}))")
    page.wait("rheaper.state().from2 < 0")
    assert page.run("rheaper.state().metric") in COMPARED.values() and page.run("document.querySelector('.second').hidden")
    assert page.run("[...document.querySelectorAll('#metric option')].every((one) => !one.value.endsWith('2'))")
    page.run("rheaper.set({from: 0, to: 4}), document.dispatchEvent(new KeyboardEvent('keydown', {key: 'c', bubbles: true}))")
    page.wait("rheaper.state().from2 === 4 && rheaper.state().to2 === 8")
    b.done(page)


def test_tree_sites_and_files_have_them_too(b):
    program = b.program(2)
    page = b.open("tree", pages.bundle(program))
    queries = [{"from": first, "to": last, "metric": metric, "unit": "bytes"} for first, last in windows(program, 30, 4) for metric in METRICS]
    page.run("rheaper.set({view: 'tree', metric: 'alloc'})")
    # A click is drawn a moment later
    page.wait("(document.querySelectorAll('[aria-expanded=false] .twist').forEach((twist) => twist.click()), !document.querySelector('[aria-expanded=false]'))")
    for query, rows in zip(queries, page.run(f"({READ_ROWS})({queries})")):
        sums, path, seen = pages.expected(program, query["metric"], query["from"], query["to"]), [], 0
        for level, name, value in rows:
            path = path[:level - 1] + [name]
            assert sums.get(tuple(path[1:])) == value, (query, path, value, sums.get(tuple(path[1:])))
            seen += 1
        assert seen == 1 + sum(value != 0 or query["metric"] == "grown" for p, value in sums.items() if p) or query["metric"] == "grown", (query, seen)
    owners = sorted({program.owner(s) for s in range(len(program.stacks))})
    page.run("rheaper.set({view: 'sites'})")
    for query, rows in zip(queries, page.run(f"({READ_ROWS})({queries})")):
        by_site = {}
        for number, _, value in rows:
            by_site[owners[int(number) - 1]] = value
        sums = {}
        for stack, value in enumerate(pages.stack_sums(program, query["metric"], query["from"], query["to"])):
            sums[program.owner(stack)] = sums.get(program.owner(stack), 0) + value
        assert by_site == {owner: sums.get(owner, 0) for owner in owners}, query
    page.run("rheaper.set({view: 'files', metric: 'alloc', from: 0, to: rheaper.model.last})")
    rows = page.run(f"({READ_ROWS})([{{}}])")[0]
    assert rows[0][2] == sum(k.size for k in program.blocks)
    assert sum(value for level, _, value in rows if level == 2) == rows[0][2]
    b.done(page)


def column(page, table, name):
    """The figures of a column of a table, all rows."""
    page.wait(f"""(() => {{ const more = [...document.querySelectorAll('#table-{table} .more button')].find((one) => one.textContent.startsWith('show')); if (more) more.click(); return !more; }})()""")
    return page.run(f"""(() => {{ const table = document.querySelector('#table-{table} table'), heads = [...table.querySelectorAll('thead th')].map((th) => th.innerText.replace(/[▴▾]/, '').trim());
        return [...table.querySelectorAll('tbody tr')].map((tr) => Number(tr.children[heads.indexOf({name!r})].dataset.value)); }})()""")


def cells(page, table):
    return page.run(f"[...document.querySelectorAll('#table-{table} td.ledger')].map((td) => Number(td.dataset.value))")


def test_every_view_shows_all_blocks(b):
    program = b.program(3)
    page, blocks = b.open("views", pages.bundle(program)), program.blocks
    everything, live = sum(k.size for k in blocks), sum(k.size for k in blocks if k.freed is None)
    for number, view in enumerate(VIEWS):
        page.run(f"document.getElementById('tab-{view}').click()")
        assert page.run("document.querySelector('main').dataset.view") == view
        assert len(text(page)) > 100, view
    def show(view):
        page.run(f"rheaper.set({{view: '{view}'}})")
    show("sites")
    assert sum(column(page, "sites", "Allocated")) == everything and sum(column(page, "sites", "At the peak")) == program.peak_bytes
    show("leaks")
    assert sum(column(page, "leaks", "Bytes")) == live
    show("sizes")
    assert sum(column(page, "cells", "Bytes")) == everything and sum(column(page, "cells", "Blocks")) == len(blocks)
    show("map")
    assert sum(column(page, "map", "Bytes")) == everything
    show("temporary")
    assert sum(column(page, "temporary", "Temporary")) == sum(k.temporary for k in blocks)
    show("threads")
    assert sum(column(page, "threads", "Allocated")) == everything and sum(cells(page, "handover")) == everything
    show("frees")
    assert sum(column(page, "frees", "Bytes")) == everything - live
    assert sum(column(page, "frees", "Other thread")) == sum(k.freed is not None and k.thread != k.free_thread for k in blocks)
    show("phases")
    ends = [0, *(at for at, _ in program.marks), program.duration]
    def phase(at):
        return next(i for i in range(len(ends) - 1) if at <= ends[i + 1])
    expected = [sum(k.size for k in blocks if phase(k.at) == row and (len(ends) - 1 if k.freed is None else phase(k.freed)) == col)
                for row in range(len(ends) - 1) for col in range(len(ends))]
    assert cells(page, "ledger") == expected
    show("growth")
    assert "reserve(16384)" in text(page) and "13,300" in text(page)
    show("about")
    for word in "preact 10", "htm 3", "uplot 1", "born", "No event was lost":
        assert word in text(page) or word in page.run("document.querySelector('main').textContent"), word
    assert "Permission is hereby granted" in page.run("document.querySelector('main').textContent")
    b.done(page)


PROGRAM = """
#include <rheaper.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
static void *volatile keep[3000];
static OWN void *small(int n) { void *p = malloc(16 + n % 40); return keep[0] = p; }
static OWN void *large(int n) { void *p = calloc(n, 100); return keep[0] = p; }
static OWN void *list(int n) { void *p = n % 3 ? small(n) : large(n); return keep[0] = p; }
static OWN void *table(int n) { void *p = n % 7 ? list(n) : small(n); return keep[0] = p; }
static OWN int work(int first, int left)
{
	for (int i = first; i < first + 900; i++)
		keep[i] = i % 2 ? table(i) : list(i);
	for (int i = first; i < first + 900; i++)
		if (i % left)
			free(keep[i]);
	return 0;
}
int main(void)
{
	int bad = work(1, 50);
	rheaper_mark("parse");
	bad += work(901, 3);
	rheaper_mark("serve");
	return bad + work(1801, 7);
}
"""


def real_database(b):
    if len(sys.argv) < 6:
        raise tap.Skip("no rheaper-report given")
    report, load, drivers = map(os.path.abspath, sys.argv[3:6])
    (b.directory / "real.c").write_text(PROGRAM)
    def run(*command, **more):
        subprocess.run([str(word) for word in command], check=True, cwd=b.directory, stdout=subprocess.DEVNULL, env={**os.environ, **more})
    run(f"{drivers}/rheaper-gcc", "-g", "-O0", "-I", b.source / "include", "-o", "real", "real.c")
    run("./real", RHEAPER_TRACE=str(b.directory / "real.trace"))
    run(load, "-q", "real.trace", "real.db")
    if b.texts:
        run(report, "--html=real.html", "real.db")
    return sqlite3.connect(b.directory / "real.db")


def test_a_page_of_rheaper_report_says_what_sql_says(b):
    db = real_database(b)
    stacks, names = {}, dict(db.execute("SELECT frame, function FROM frames"))
    for stack, frame in db.execute("SELECT stack, frame FROM stack_frames ORDER BY stack, frame_no DESC"):
        stacks.setdefault(stack, []).append(names[frame])
    blocks = db.execute("SELECT bt, alloc_after, dealloc_after, size FROM allocations").fetchall()
    page = b.open("real", (b.directory / "real.html").read_text() if b.texts else "", width=1600, height=1400)
    assert page.run("rheaper.model.meta.pruned.nodes") == 0
    edges = page.run("rheaper.model.edges")
    marks = [at for at, in db.execute("SELECT at_ms FROM markers ORDER BY at_ms")]
    assert len(marks) == 2 and set(marks) <= set(edges), (marks, edges[:5])
    assert edges[page.run("rheaper.model.meta.peak_edge")] == page.run("rheaper.model.meta.totals.peak_ms")
    pick, peak = random.Random(5), page.run("rheaper.model.meta.totals.peak_ms")
    queries = [{"from": first, "to": last, "metric": metric} for first, last in
               [sorted((pick.randrange(len(edges)), pick.randrange(len(edges)))) for _ in range(200)] for metric in METRICS[:-1]]
    for start in range(0, len(queries), 100):
        part = queries[start:start + 100]
        for query, seen in zip(part, page.run(f"({READ_FLAME})({part})")):
            begin, end, sums = edges[query["from"]] if query["from"] else -1, edges[query["to"]], {(): 0}
            for stack, at, freed, size in blocks:
                hit = pages.SAYS[query["metric"]](at, float("inf") if freed is None else freed, begin, end, peak)
                if hit:
                    for length in range(len(stacks[stack]) + 1):
                        path = tuple(stacks[stack][:length])
                        sums[path] = sums.get(path, 0) + hit * size
            assert seen["total"] == sums[()], (query, seen["total"], sums[()])
            for path, value in paths_of(seen["boxes"]).items():
                assert sums.get(path, 0) == value, (query, path, value, sums.get(path))
    b.done(page)


def test_the_first_screen_says_what_the_peak_is_made_of(b):
    program = b.program()
    page = b.open("first", pages.bundle(program))
    sums = pages.expected(program, "peak", 0, 0)
    assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == sums[()] == program.peak_bytes
    boxes = page.run(f"({READ_FLAME})([{{}}])")[0]["boxes"]
    assert page.run("document.querySelector('.flame .box').getBoundingClientRect().bottom < innerHeight")
    assert max((value, path) for path, value in paths_of(boxes).items() if len(path) == 2)[1] == \
        max((value, path) for path, value in sums.items() if len(path) == 2)[1]
    assert "Peak" in text(page, "[data-card=peak]").title() and "main window" not in text(page)
    b.done(page)


def test_drag_handles_and_buttons_move_the_window(b):
    program = b.program()
    page = b.open("drag", pages.bundle(program))
    box = page.run("(() => { const r = document.querySelector('.u-over').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()")
    def at(share):
        return box[0] + box[2] * share, box[1] + box[3] / 2
    def window():
        return page.run("(() => { const d = document.querySelector('.timeline').dataset; return [Number(d.from), Number(d.to)]; })()")
    def nearest(share):
        return min(range(len(program.edges)), key=lambda k: abs(program.edges[k] - share * program.duration))
    page.drag(*at(0.31), *at(0.69))
    page.wait(f"document.querySelector('.timeline').dataset.to === '{nearest(0.69)}'")
    assert window() == [nearest(0.31), nearest(0.69)]
    # What was left out while it moved is there again
    page.wait("location.hash === rheaper.hash()")
    sums = pages.expected(program, "kept", *window())
    for path, value in paths_of(page.run(READ_FLAME_AS_IT_IS)).items():
        assert sums[path] == value, (path, value, sums[path])
    assert page.run("rheaper.state().metric") == "kept"
    figures = page.run("[...document.querySelectorAll('[data-figure]')].map((one) => one.textContent)")
    for name, figure in zip(("alloc", "freed", "kept"), figures):
        assert figure == page.run(f"(() => {{ rheaper.set({{metric: '{name}'}}); return document.querySelector('.statement b').textContent; }})()"), name
    page.drag(*at(program.edges[nearest(0.69)] / program.duration), *at(0.9))
    page.wait(f"document.querySelector('.timeline').dataset.to === '{nearest(0.9)}'")
    assert window() == [nearest(0.31), nearest(0.9)]
    page.mouse("mousePressed", *at(0.5))
    page.mouse("mouseReleased", *at(0.5))
    page.wait("rheaper.state().metric === 'use'")
    assert window() == [0, nearest(0.5)]
    for words, expected in ("to the peak", [0, program.edges.index(program.peak_at)]), ("whole run", [0, len(program.edges) - 1]):
        page.run(f"[...document.querySelectorAll('.window-bar button')].find((one) => one.textContent === '{words}').click()")
        assert window() == expected
    page.run("document.querySelectorAll('.phase')[2].click()")
    assert [program.edges[k] for k in window()] == [at for at, _ in program.marks[1:3]]
    b.done(page)


def test_zoom_search_pivot_and_chips(b):
    program = b.program()
    page = b.open("chips", pages.bundle(program))
    sums = pages.expected(program, "peak", 0, 0)
    page.run("document.querySelector('.flame .box[data-node=\"2\"]').click()")
    assert page.run("rheaper.state().zoom") == 2 and "back to all" in text(page)
    page.run("rheaper.set({zoom: 0, search: '=f5'})")
    through = sum(k.size for k in program.blocks if k.at <= program.peak_at and (k.freed is None or k.freed > program.peak_at)
                  and any(program.frames[f][0] == "f5" for f in program.stacks[k.stack]))
    assert page.run("Number(document.querySelector('.matched').dataset.bytes)") == through
    assert page.run("document.querySelectorAll('.box.hit').length") > 0
    page.run("rheaper.set({search: '', pivot: 'f5'})")
    assert page.run("[...document.querySelectorAll('[aria-level=\"1\"]')].map((box) => Number(box.dataset.bytes))") == [through, through]
    page.run("rheaper.set({pivot: '', chips: [{kind: 'hide', text: '=f5'}]})")
    assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == sums[()] - through
    page.run("document.querySelector('.chip button').click()")
    assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == sums[()]
    page.run("rheaper.set({born_died: [0, 10, 5, 30], metric: 'alloc'})")
    edges = program.edges
    inside = sum(k.size for k in program.blocks if program.born(k) <= 10 and 5 <= program.died(k) <= 30)
    assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == inside and len(edges) > 30
    page.run("rheaper.set({born_died: null, what_if: [0, 1], view: 'sites'})")
    assert "What if s1, s2" in text(page)
    b.done(page)


def test_the_state_stands_in_the_url(b):
    program = b.program()
    bundle = pages.bundle(program)
    page = b.open("state", bundle)
    for steps in (["rheaper.set({from: 3, to: 9, metric: 'kept'})"], ["rheaper.set({invert: true, lines: true, search: 'f1'})"],
                  ["rheaper.set({view: 'sites', sort: 'sites blocks up', site: 2})"], ["rheaper.set({chips: [{kind: 'only', text: '/f[12] &=#/'}], view: 'tree'})"]):
        for step in steps:
            page.run(step)
        page.run("(() => { const tab = document.getElementById('tab-' + rheaper.state().view); tab.click(); })()")
        page.wait("location.hash === rheaper.hash()")
        there = page.run("JSON.stringify(rheaper.state())"), sorted(text(page).split("\n"))
        again = b.open("state", bundle, fragment=page.run("location.hash"))
        seen = again.run("JSON.stringify(rheaper.state())"), sorted(text(again).split("\n"))
        assert seen == there, (seen[0], there[0], set(seen[1]) ^ set(there[1]))
        b.done(again)
    before = page.run("history.length")
    page.run("document.getElementById('tab-leaks').click()")
    page.wait("location.hash.includes('view=leaks')")
    assert page.run("history.length") == before + 1
    page.run("history.back()")
    page.wait("rheaper.state().view === 'tree'")
    b.done(page)


def test_a_walk_with_keys_alone(b):
    program = b.program()
    page = b.open("keys", pages.bundle(program))
    reached, views = set(), set()
    def focus():
        return page.run("(() => { const e = document.activeElement; return e.dataset.handle || e.id || e.dataset.card || (e.classList.contains('box') ? 'box' : e.closest('tr[data-node]') ? 'row' : e.textContent || e.tagName); })()")
    for _ in range(60):
        page.key("Tab")
        reached.add(focus())
        if "box" in reached:
            break
    assert {"peak", "from", "to", "tab-flame", "metric", "search", "box"} <= reached, reached
    seen = [page.run("document.activeElement.getAttribute('aria-label')")]
    for key in "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp":
        page.key(key)
        seen.append(page.run("document.activeElement.getAttribute('aria-label')"))
    assert len(set(seen)) == 4 and seen[0].startswith("all stacks") and seen[4] == seen[1], seen
    assert page.run("document.querySelector('.details .full-name').textContent") == "f0"
    page.key("ArrowDown")
    page.key("Enter")
    assert page.run("rheaper.state().zoom") > 0 and page.run("document.activeElement.classList.contains('box')")
    page.key("p")
    page.wait("rheaper.state().pivot !== ''")
    page.key("0")
    page.wait("rheaper.state().pivot === '' && rheaper.state().zoom === 0")
    for number, view in enumerate(VIEWS[:9], 1):
        page.key(str(number))
        page.wait(f"document.querySelector('main').dataset.view === '{view}'")
        views.add(view)
    page.run("document.getElementById('tab-threads').focus()")
    for view in VIEWS[9:]:
        page.key("ArrowRight")
        page.wait(f"document.querySelector('main').dataset.view === '{view}'")
    page.key("2")
    page.wait("document.querySelector('tr[tabindex=\"0\"]')")
    page.run("document.querySelector('tr[tabindex=\"0\"]').focus()")
    page.key("ArrowDown")
    page.wait("document.activeElement.getAttribute('aria-level') === '2'")
    page.key("ArrowLeft")
    page.wait("document.activeElement.getAttribute('aria-expanded') === 'false'")
    for key, check in (("m", "rheaper.state().metric === 'use'"), ("b", "rheaper.state().unit === 'blocks'"), ("i", "rheaper.state().invert"), ("l", "rheaper.state().lines"),
                       ("[", f"rheaper.state().to === {len(program.edges) - 2}"), ("]", f"rheaper.state().to === {len(program.edges) - 1}"), ("}", "rheaper.state().from === 1"),
                       ("w", "rheaper.state().from === 0"), ("t", "document.documentElement.dataset.theme === 'dark'"), ("?", "document.querySelector('dialog').open")):
        page.key(key)
        page.wait(check)
    page.key("Escape")
    page.wait("!document.querySelector('dialog').open")
    page.key("/")
    page.wait("document.activeElement.id === 'search'")
    for letter in "f1":
        page.key(letter)
    page.wait("rheaper.state().search === 'f1'")
    page.key("6")
    page.wait("document.getElementById('search').value === 'f16'")
    page.run("document.querySelector('.grip.from').focus()")
    page.key("ArrowRight")
    page.wait("document.querySelector('.grip.from').getAttribute('aria-valuenow') === '1'")
    b.done(page)


def test_names_are_never_more_than_text(b):
    for number, name in enumerate(hostile.NAMES):
        bundle = hostile.everywhere(name)
        page = b.open("hostile", bundle)
        assert page.run("document.getElementById('app').dataset.ready") is not None, (name, page.run("document.querySelector('.alert')?.textContent"))
        shown = hostile.shown(name)
        for view in VIEWS:
            page.run(f"rheaper.set({{view: '{view}', site: -1}})")
            if view in ("flame", "sites", "files", "leaks", "phases", "threads"):
                page.wait(f"document.querySelector('#app').textContent.includes({hostile.shown(name)!r})" if name.isprintable() else "true")
        page.run("rheaper.set({view: 'flame', site: 0})")
        page.run("document.querySelectorAll('.box').forEach((box) => { box.dispatchEvent(new PointerEvent('pointerover', {bubbles: true})); box.focus(); })")
        page.run("rheaper.set({view: 'flame', site: -1}); document.querySelectorAll('.box[data-node=\"2\"]').forEach((box) => box.dispatchEvent(new PointerEvent('pointerover', {bubbles: true})))")
        assert page.run("[...document.querySelectorAll('.box')].some((box) => box.textContent.startsWith(%s))" % json_text(shown)), name
        page.run(f"rheaper.set({{view: 'flame', search: {json_text('=' + name)}, pivot: ''}})")
        if "\ud800" not in name:
            assert page.run("document.querySelectorAll('.box.hit').length") == 1, name
            page.run(f"rheaper.set({{search: '', pivot: {json_text(name)}}})")
            assert page.run("document.querySelectorAll('.flame').length") == 2, name
        assert page.run("typeof window.__pwn") == "undefined", name
        assert page.run("document.body.lastElementChild.id") == "app" and page.run("document.scripts.length") == 3, name
        assert page.run("document.title").startswith(shown.strip()[:20].strip()) or not name.isprintable(), (name, page.run("document.title"))
        raw = (b.directory / "hostile.html").read_bytes().decode("utf-8", "replace")
        head, body = raw.split("<style>", 1)[0], raw.split('id="data">', 1)[1].split("</script>", 1)[0]
        assert re.fullmatch(r"[A-Za-z0-9+/=]*", body) and ("<" not in name or name not in head), name
        b.done(page)


def json_text(value):
    import json
    return json.dumps(value)


def chain_bundle(deep=0, wide=0, name=""):
    frames = [("main", "", 0, "", 0)] + [(f"level {k}", "deep.c", k, "/m", 0) for k in range(deep)] + [(f"sibling {k}", "wide.c", k, "/m", 0) for k in range(wide)]
    if name:
        frames.append((name, name, 1, name, 0))
    stacks = [[0, *range(1, deep + 1)]] + [[0, deep + 1 + k] for k in range(wide)] + ([[0, len(frames) - 1]] if name else [])
    blocks = [pages.Block(s, s + 1, pages.NEVER, 100, 0, 0, 0) for s in range(len(stacks))]
    return pages.bundle(pages.Program(frames, stacks, blocks, len(stacks) + 10, steps=4))


def test_deep_wide_and_long(b):
    page = b.open("deep", chain_bundle(deep=10000), height=900)
    assert "10,000 outer frames" in text(page)
    page.run("rheaper.set({outer: true})")
    assert page.run("document.querySelectorAll('.box').length") < 200
    page.run("document.querySelector('.flame-scroll').scrollTop = 1e9")
    page.wait("[...document.querySelectorAll('.box')].some((box) => box.textContent.startsWith('level 9999'))")
    for view in "tree", "sites", "files":
        page.run(f"rheaper.set({{view: '{view}'}})")
    page.run("rheaper.set({view: 'flame', invert: true})")
    page.run("rheaper.set({pivot: 'level 5000', invert: false})")
    b.done(page)
    page = b.open("wide", chain_bundle(wide=100000))
    for view in VIEWS:
        page.run(f"rheaper.set({{view: '{view}'}})")
    page.run("rheaper.set({view: 'flame', invert: true, metric: 'alloc', from: 0, to: 4})")
    assert page.run("document.querySelectorAll('.box').length") <= 4000
    assert page.run("Number(document.querySelector('[data-total]').dataset.total)") == 100001 * 100
    assert "100,0" in text(page)
    b.done(page)
    page = b.open("long", chain_bundle(name="n" * 1000000))
    for view in VIEWS:
        page.run(f"rheaper.set({{view: '{view}'}})")
    assert len(page.run("document.body.innerText")) < 100000
    b.done(page)


def test_an_estimate_says_so_in_every_figure(b):
    program = b.program()
    page = b.open("estimate", pages.bundle(program, estimate={"sample_bytes": 4096, "sample_rate": 1, "meaning": "Blocks were sampled."}))
    for view in VIEWS[:-1]:
        page.run(f"rheaper.set({{view: '{view}'}})")
        for words in text(page, "body").split("\n"):
            for figure in re.finditer(r"(?<![\d.,–] )(\S+ )?(?<![\d.])\d[\d.,]* (kB|MB|GB|blocks)\b", words):
                assert "≈" in words[max(0, figure.start() - 6):figure.end()] or "…" in words, (view, words)
    assert "Blocks were sampled." in text(page, "body")
    b.done(page)


def test_a_difference_of_two_runs(b):
    pick, bundle = random.Random(9), pages.Bundle(version=1, kind="diff", generator="rheaper 0.1.0", title="server", command="rheaper-diff a.db b.db", statuses=["grown", "shrunk", "new", "gone", "same"])
    for side in "a", "b":
        bundle.meta[side] = {"pid": 1, "executable": "/bin/server", "duration_ms": 1000, "totals": {"allocations": 10, "allocated_bytes": 1000, "temporary": 0, "peak_bytes": 500 + (side == "b") * 100,
                             "peak_ms": 1, "live_blocks": 1, "live_bytes": 5, "leaked_blocks": 1, "leaked_bytes": 5}}
    bundle.meta["modules"] = [{"path": "/bin/server"}]
    bundle.table("function", "short full", [(bundle.string(f"f{i}"), bundle.string(f"f{i}")) for i in range(12)])
    bundle.table("frame", "function file line module flags", [(i, bundle.string("a.c"), i, 1, 0) for i in range(12)])
    parents = [0] + [pick.randrange(n) for n in range(1, 40)]
    frames = [0] + [pick.randrange(12) for _ in range(39)]
    bundle.table("node", "parent frame folded", [(parents[n], frames[n], 0) for n in range(40)])
    values = [(n, *(pick.choice([0, 10, 1000, 70000]) for _ in range(10))) for n in range(1, 40)]
    names = "a_blocks a_bytes b_blocks b_bytes a_peak_bytes b_peak_bytes a_live_bytes b_live_bytes a_live_blocks b_live_blocks"
    bundle.table("value", "node " + names, values)
    bundle.table("change", "frame status chain " + names, [(k % 12 + 1, k % 5, bundle.string("malloc"), *values[k][1:]) for k in range(20)])
    page = b.open("diff", bundle)
    for metric, before, after in ("peak", 5, 6), ("alloc", 2, 4), ("live", 7, 8):
        sums = {}
        for row in values:
            path, n = [], row[0]
            while n:
                path.insert(0, f"f{frames[n]}")
                n = parents[n]
            for size in range(len(path) + 1):
                sums[tuple(path[:size])] = sums.get(tuple(path[:size]), 0) + row[after] - row[before]
        seen = page.run(f"({READ_FLAME})([{{metric: '{metric}'}}])")[0]
        assert seen["total"] == sums[()]
        for path, value in paths_of(seen["boxes"]).items():
            assert sums[path] == value, (metric, path)
    assert "▲" in text(page) and "▼" in text(page)
    for view in "tree", "changes", "about":
        page.run(f"rheaper.set({{view: '{view}'}})")
        assert len(text(page)) > 100
    page.run("rheaper.set({view: 'changes', status: 'new', metric: 'alloc'})")
    assert sorted(column(page, "changes", "Change")) == sorted(row[4] - row[2] for row in values[2:20:5])
    b.done(page)


def test_without_marks_scopes_or_blocks(b):
    program = pages.Program([("main", "a.c", 1, "/m", 0)], [[0]], [pages.Block(0, 5, 6, 10)], 100, steps=3)
    page = b.open("empty", pages.bundle(program))
    for view in VIEWS:
        page.run(f"rheaper.set({{view: '{view}', from: 2, to: 3, metric: 'kept'}})")
    page.run("rheaper.set({view: 'flame'})")
    assert "No block is in this picture" in text(page)
    b.done(page)


def test_data_that_are_damaged_are_refused_in_words(b):
    good = pages.bundle(b.program()).bytes()
    for name, data in ("short", good[:len(good) // 2]), ("empty", b""), ("text", good[:4] + b"x" + good[5:]), ("version", good.replace(b'"version": 1', b'"version": 7')):
        page = b.open("damaged", pages.document(b.texts, data) if b.texts else "")
        assert "cannot show its data" in text(page, ".alert"), name
        b.done(page)


def test_it_prints(b):
    page = b.open("print", pages.bundle(b.program()), media=[("prefers-color-scheme", "dark")])
    assert page.run("document.documentElement.dataset.theme") == "dark"
    page.run("addEventListener('beforeprint', () => (window.__printed = document.documentElement.dataset.theme))")
    document = page.pdf()
    assert document.startswith(b"%PDF") and len(document) > 20000
    assert page.run("window.__printed") == "light" and page.run("document.documentElement.dataset.theme") == "dark"
    b.done(page)


def test_nothing_is_wider_than_a_phone(b):
    page = b.open("narrow", pages.bundle(b.program()), width=390, height=800)
    for view in VIEWS:
        page.run(f"rheaper.set({{view: '{view}'}})")
        assert page.run("document.documentElement.scrollWidth") <= 390, view
    b.done(page)


def test_axe_finds_nothing(b):
    axe = b.source / "subprojects/packagecache/web/axe-core-4.14.1/axe.min.js"
    if not axe.exists():
        raise tap.Skip("no axe-core here")
    for theme in "light", "dark":
        page = b.open("axe", pages.bundle(b.program(), scopes=[{"name": "x", "count": 1, "total_ms": 1, "allocations": 1, "allocated_bytes": 1, "kept_blocks": 1, "kept_bytes": 1}]),
                      media=[("prefers-color-scheme", theme)])
        page.call("Runtime.evaluate", expression=axe.read_text())
        # What a theme changes is colours
        rules = "runOnly: ['color-contrast']" if theme == "dark" else ""
        for view in VIEWS + ["pivot"]:
            page.run("rheaper.set({view: 'flame', pivot: 'f5'})" if view == "pivot" else f"rheaper.set({{view: '{view}', site: {0 if view == 'sites' else -1}}})")
            found = page.run("axe.run(document, {resultTypes: ['violations'], %s}).then((said) => said.violations.map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' ' + node.any.concat(node.all, node.none).map((check) => check.message).join(' ')).join(' | ')))" % rules)
            assert found == [], (theme, view, found)
        page.close()


def test_a_page_of_ten_million_allocations(b):
    """Times are said, not judged: a busy machine is no fault of the page."""
    page = b.open("large", pages.large_bundle())
    print("# opened in", page.run("document.getElementById('app').dataset.ready"), "ms")
    said = page.run("""(() => { const out = []; for (const metric of ['use', 'kept', 'grown']) { const times = [], last = rheaper.model.last; rheaper.set({view: 'flame', metric});
        for (let k = 0; k < 60; k++) { const a = k * 7919 % last, b = k * 104729 % last, begin = performance.now(); rheaper.set({from: Math.min(a, b), to: Math.max(a, b)}); document.body.offsetHeight; times.push(performance.now() - begin); }
        times.sort((a, b) => a - b); out.push(`${metric}: ${times[6].toFixed(1)} ${times[30].toFixed(1)} ${times[54].toFixed(1)}`); } return out.join('; '); })()""")
    print("# a window, ms, the fastest tenth, the middle, the slowest tenth:", said)
    assert page.run("document.querySelectorAll('.box').length") <= 4000
    b.done(page)


def test_no_address_is_in_the_page(b):
    if not b.texts:
        raise tap.Skip("no libraries for pages in this build")
    for name in "style", "script":
        assert not re.search(r"https?:", b.texts[name].replace("/*! https://github.com/leeoniya/uPlot (v1.6.32) */", "")), name
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", b.texts["script"])


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    only = sys.argv[6:]  # names of points, for whoever looks for a fault
    tap.run({name: point for name, point in globals().items() if not only or name in only}, Bench)
