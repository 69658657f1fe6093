#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that includes and calls point downwards only, and that neither makes a circle.

usage: check-layers.py SOURCE_ROOT [BUILD_ROOT NM]

A room may include itself and the rooms in its row, whole rooms only. Nothing below a
program knows a program, and no program knows another one; the runtime knows no helper of
programs, and programs do not know the runtime: what they share is in contract/, which
has no code.

With a build directory the objects are read, too: a file calls another one where an object
has a symbol undefined that the other defines. Calls obey the rows of includes, and files
that call each other in a circle are an error unless CIRCLES names them with a reason.
"""
import pathlib
import re
import subprocess
import sys

# Lowest first. A room may use the rooms in its row and itself.
MAY_USE = {
    'include': [],
    'contract': [],
    'trace': ['contract'],
    'runtime': ['contract', 'include'],
    'wrap': ['contract', 'runtime', 'include'],
    'common': [],
    'heap': ['common'],
    'symbols': ['contract', 'common'],
    'analysis': ['contract', 'trace', 'symbols', 'common'],
    'following': ['contract', 'analysis', 'trace', 'symbols', 'common'],
    'database': ['contract', 'analysis', 'trace', 'symbols', 'common'],
    'loading': ['contract', 'heap', 'database', 'analysis', 'trace', 'symbols', 'common'],
    'web': [],
    'report': ['web', 'contract', 'database', 'analysis', 'trace', 'symbols', 'common'],
    'rheaper': ['common'],
    'rheaper-cc': ['contract', 'common'],
    'rheaper-ctl': ['contract', 'common'],
    'rheaper-load': ['contract', 'loading', 'database', 'analysis', 'trace', 'symbols', 'common'],
    'pprof': ['database', 'symbols', 'common'],
    'push': ['contract', 'following', 'pprof', 'database', 'analysis', 'trace', 'symbols', 'common'],
    'rheaper-push': ['contract', 'push', 'following', 'loading', 'pprof', 'database', 'analysis', 'trace', 'symbols',
                     'common'],
    'rheaper-fleet': ['push', 'common'],
    'rheaper-export': ['contract', 'pprof', 'database', 'symbols', 'common'],
    'rheaper-top': ['contract', 'following', 'analysis', 'trace', 'symbols', 'common'],
    'rheaper-check': ['contract', 'loading', 'database', 'analysis', 'symbols', 'common'],
    'rheaper-report': ['contract', 'report', 'loading', 'database', 'symbols', 'common'],
    'rheaper-diff': ['contract', 'report', 'loading', 'database', 'symbols', 'common'],
    'rheaper-sqlite': ['contract', 'analysis', 'trace', 'common'],
}
# Files that call each other in a circle, and why they may: one object in several files.
CIRCLES = {
    frozenset(['trace/reader', 'trace/reader-stream', 'trace/reader-follow']):
        'one object in three files: trace/reader-parts.h',
}
# What these define are the names of libc and libstdc++, which everybody calls.
LIBC_NAMES = 'wrap/interpose'
# Libraries, and the only files that may include them.
LIBRARIES = {
    'sqlite3': ['database', 'rheaper-sqlite'],
    'elfutils/': ['symbols'],
    'dwarf.h': ['symbols'],
    'libiberty/': ['symbols'],
    'libunwind': [],
    'stdio.h': ['common', 'trace', 'symbols', 'analysis', 'following', 'database', 'loading', 'pprof', 'push', 'report',
                'rheaper', 'rheaper-fleet',
                'wrap/wrap.h'],
    'ncurses.h': ['rheaper-top/screen'],
    'curl/': ['push/http'],
    'zlib.h': ['pprof/gzip', 'report/bundle'],
}


def includes(path):
    for m in re.finditer(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', path.read_text(), re.M):
        yield m.group(1), m.group(2)


def allowed(room, target):
    other = target.split('/')[0]
    return other == room or other in MAY_USE[room]


def check_file(root, path, problems, graph):
    name = str(path.relative_to(root))
    room = name.split('/')[0]
    for kind, target in includes(path):
        if kind == '"':
            if not (root / target).exists() and (path.parent / target).exists():
                target = str((path.parent / target).relative_to(root))
            if not (root / target).exists():
                continue  # generated
            graph.setdefault(name, set()).add(target)
            if not allowed(room, target):
                problems.append(f'{name}: may not include {target}')
            continue
        for library, users in LIBRARIES.items():
            if target.startswith(library) and not any(name.startswith(u) for u in users):
                problems.append(f'{name}: may not include <{target}>')


def find_circles(graph):
    """The strongly connected components of more than one node (Tarjan's algorithm)."""
    number, low, stack, circles = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                circles.append(stack[at:])
            del stack[at:]
    for node in list(graph):
        if node not in number:
            visit(node)
    return circles


def read_objects(nm, paths):
    """Of each object the global symbols that it defines, and those that it needs."""
    read = {path: (set(), set()) for path in paths}
    listing = subprocess.run([nm, '-gA', *map(str, paths)], capture_output=True, text=True,
                             check=True)
    for line in listing.stdout.splitlines():
        path, _, rest = line.partition(':')
        *_, kind, symbol = rest.split()
        defined, needed = read[pathlib.Path(path)]
        (needed if kind in 'Uwv' else defined).add(symbol)
    return read


def source_of(root, build, path):
    """The source of an object of Meson's: ROOM/TARGET.p/NAME.c.o, where .._ is ../"""
    room, name = path.relative_to(build).parts[0], path.name[:-len('.c.o')]
    name = str(pathlib.PurePath(room) / name.replace('_', '/')) if name.startswith('.._') \
        else f'{room}/{name}'
    name = str((root / name).resolve().relative_to(root.resolve()))
    return name if (root / (name + '.c')).exists() else None


def call_graph(root, build, nm):
    """file -> files that it calls, without .c. A source that is compiled in several ways
    calls whatever one of its objects calls."""
    objects = {}
    paths = [path for room in MAY_USE for path in sorted((build / room).glob('*.p/*.c.o'))]
    for path, symbols in read_objects(nm, paths).items():
        source = source_of(root, build, path)
        if source and not source.startswith(LIBC_NAMES):
            objects.setdefault(source, []).append(symbols)
    owners = {}
    for source, parts in objects.items():
        for defined, _ in parts:
            for symbol in defined:
                owners.setdefault(symbol, set()).add(source)
    graph = {}
    for source, parts in objects.items():
        room = source.split('/')[0]
        graph[source] = set()
        for _, needed in parts:
            for symbol in needed:
                found = owners.get(symbol, set()) - {source}
                # Programs may use a name twice: it is then the own one, or a lower room's
                own = {o for o in found if o.split('/')[0] == room}
                low = {o for o in found if allowed(room, o + '.h')}
                graph[source] |= own or low or found
    return graph


def check_calls(root, build, nm, problems):
    graph = call_graph(root, build, nm)
    for source, others in sorted(graph.items()):
        for other in sorted(others):
            if not allowed(source.split('/')[0], other + '.c'):
                problems.append(f'{source}.c: may not call {other}.c')
    for circle in find_circles(graph):
        if frozenset(circle) not in CIRCLES:
            problems.append('circle of calls: ' + ' <-> '.join(sorted(circle)))
    return len(graph)


def main():
    root = pathlib.Path(sys.argv[1])
    problems, graph, n_files, n_objects = [], {}, 0, 0
    for room in MAY_USE:
        for path in sorted((root / room).glob('*.[ch]')):
            check_file(root, path, problems, graph)
            n_files += 1
    for circle in find_circles(graph):
        problems.append('circle of includes: ' + ' -> '.join(circle))
    if len(sys.argv) > 2:
        n_objects = check_calls(root, pathlib.Path(sys.argv[2]), sys.argv[3], problems)
    print('\n'.join(problems + [f'{n_files} files, {n_objects} compiled sources']))
    sys.exit(1 if problems or n_files < 20 or (len(sys.argv) > 2 and n_objects < 20) else 0)


main()
