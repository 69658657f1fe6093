#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that includes point downwards only, and that there are no cycles.

usage: check-layers.py SOURCE_ROOT

A folder may include itself and what stands in its row. Nothing below a program
knows a program; the runtime knows no helper of programs, and programs do not
know the runtime: they share trace/format.h and wrap/symbols.def.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    'include': [],
    'trace': [],
    'runtime': ['trace/format.h', 'trace/request.h', 'wrap/symbols.def', 'include'],
    'wrap': ['runtime', 'trace/format.h', 'include'],
    'common': [],
    'rheaper-cc': ['wrap/symbols.def', 'wrap/declared.h', 'runtime/note.h'],
    'rheaper-load': ['trace', 'common'],
    'rheaper-ctl': ['trace/format.h', 'trace/request.h', 'common'],
    'rheaper-export': ['common'],
    'rheaper-top': ['trace', 'common', 'rheaper-load'],
    'rheaper-check': ['rheaper-load/load.h', 'rheaper-load/signature.h', 'rheaper-load/demangle.h',
                      'common'],
    'rheaper-sqlite': ['rheaper-load/catalog.h', 'rheaper-load/merge.h', 'trace', 'common/text.h'],
}
# Libraries, and the only files that may include them.
LIBRARIES = {
    'sqlite3': ['rheaper-load/store', 'rheaper-load/block-rows', 'common/db', 'rheaper-export/profile.c',
                'rheaper-check/measure-read.c', 'rheaper-sqlite'],
    'elfutils/': ['rheaper-load/debug-info', 'rheaper-load/symbol'],
    'dwarf.h': ['rheaper-load/debug-info', 'rheaper-load/symbol'],
    'libiberty/': ['rheaper-load/symbol', 'rheaper-load/demangle'],
    'libunwind': [],
    'stdio.h': ['common', 'trace', 'rheaper-cc', 'rheaper-load', 'rheaper-export', 'rheaper-ctl', 'rheaper-top',
                'rheaper-check', 'wrap/wrap.h'],
    'ncurses.h': ['rheaper-top/screen'],
    'zlib.h': ['rheaper-export/pprof'],
}


def includes(path):
    for m in re.finditer(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', path.read_text(), re.M):
        yield m.group(1), m.group(2)


def allowed(folder, target):
    return any(target == rule or target.startswith(rule + '/')
               for rule in MAY_INCLUDE[folder] + [folder])


def check_file(root, path, problems, graph):
    name = str(path.relative_to(root))
    folder = name.split('/')[0]
    for kind, target in includes(path):
        if kind == '"':
            if target == 'config.h' or target.endswith('.inc'):
                continue
            if not (root / target).exists() and (path.parent / target).exists():
                target = str((path.parent / target).relative_to(root))
            if not (root / target).exists():
                continue  # generated
            graph.setdefault(name, set()).add(target)
            if not allowed(folder, target):
                problems.append('%s: may not include %s' % (name, target))
            continue
        for library, users in LIBRARIES.items():
            if target.startswith(library) and not any(name.startswith(u) for u in users):
                problems.append('%s: may not include <%s>' % (name, target))


def find_cycle(graph):
    state = {}

    def visit(node, trail):
        state[node] = 1
        for n in graph.get(node, ()):
            if state.get(n) == 1:
                return trail + [node, n]
            if n not in state:
                found = visit(n, trail + [node])
                if found:
                    return found
        state[node] = 2
        return None
    for node in list(graph):
        if node not in state:
            found = visit(node, [])
            if found:
                return found
    return None


def main():
    root = pathlib.Path(sys.argv[1])
    problems, graph, n = [], {}, 0
    for folder in MAY_INCLUDE:
        for path in sorted((root / folder).glob('*.[ch]')):
            check_file(root, path, problems, graph)
            n += 1
    cycle = find_cycle(graph)
    if cycle:
        problems.append('include cycle: ' + ' -> '.join(cycle))
    print('\n'.join(problems + ['%d files' % n]))
    sys.exit(1 if problems or n < 20 else 0)


main()
