#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Join what a report page is made of, and write it as C.

usage: bundle.py SOURCE-DIRECTORY VENDOR-DIRECTORY OUTPUT.c OUTPUT-DIRECTORY DEPFILE
       bundle.py --check SOURCE-DIRECTORY VENDOR-DIRECTORY

The page has three texts, each with its SHA-256, which its policy names: the style, the script
of others and our own script. They are joined, not changed; before each library stands its
licence. OUTPUT.c defines what report_assets.h declares; the texts are in OUTPUT-DIRECTORY, too,
for the tests. Without the files of others report_has_assets is false. --check exits with 1 then.
"""
import base64
import hashlib
import pathlib
import sys


def rows(path):
    return [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]


def vendor_files(source, vendor):
    """(kind, licence with its head, text), and all paths that were looked for."""
    found, paths, known = [], [], set()
    for package, version, _, path, kind, licence, terms in rows(source / "vendor.list"):
        home = vendor / f"{package}-{version}"
        paths += [home / path, home / licence]
        if not all(p.is_file() for p in paths[-2:]):
            continue
        words = (home / licence).read_text(encoding="utf-8").strip()
        head = "" if package in known else f"/*!licence\n{package} {version} ({terms})\n\n{words}\n*/\n"
        if "*/" in words:
            sys.exit(f"bundle: the licence of {package} would end its comment")
        known.add(package)
        found.append((kind, head, (home / path).read_bytes().decode("utf-8")))
    return found, paths


def own_script(source):
    names = (source / "parts.list").read_text().split("\n")
    parts = [source / name for name in names if name and not name.startswith("#")]
    text = "".join(part.read_bytes().decode("utf-8") for part in parts)
    return "(() => {\n'use strict';\n" + text + "})();\n", parts


def check(name, text):
    """Nothing may end its element early, or be changed by who reads it."""
    for wrong in ("</style" if name == "style" else "</script"), "<!--", "\r", "\0":
        if wrong in text.lower():
            sys.exit(f"bundle: the {name} contains {wrong!r}")
    return text


def array(name, data):
    lines = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    return f"static const unsigned char {name}_bytes[] = {{\n" + ",\n".join("\t" + line for line in lines) + "\n};\n"


def asset(name, text):
    data = text.encode("utf-8")
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return array(name, data) + f"const struct report_asset report_asset_{name} = {{\n" \
        f"\t{name}_bytes, sizeof({name}_bytes), \"{digest}\"\n}};\n"


HEAD = "// Written by web/bundle.py\n#include \"web/report_assets.h\"\n"
EMPTY = "".join(f"const struct report_asset report_asset_{name} = {{ (const unsigned char *)\"\", 0, \"\" }};\n"
                for name in ("style", "vendor", "script"))


def depfile(path, target, inputs):
    """Files that may come later: the nearest directory that is there tells."""
    known = set()
    for one in inputs:
        while not one.exists():
            one = one.parent
        known.add(str(one).replace(" ", "\\ "))
    path.write_text(f"{target}: {' '.join(sorted(known))}\n")


def main(arguments):
    checking = arguments[0] == "--check"
    source, vendor = (pathlib.Path(p) for p in arguments[1 if checking else 0:][:2])
    found, paths = vendor_files(source, vendor)
    complete = len(found) * 2 == len(paths)
    if checking:
        sys.exit(0 if complete else 1)
    target, directory, dependencies = (pathlib.Path(p) for p in arguments[2:])
    script, parts = own_script(source)
    texts = {
        "style": "".join(text + "\n" for kind, _, text in found if kind == "style") +
                 (source / "style.css").read_text(encoding="utf-8"),
        "vendor": "".join(head + text + "\n;\n" for kind, head, text in found if kind == "script"),
        "script": script,
    }
    code = HEAD + f"const bool report_has_assets = {'true' if complete else 'false'};\n"
    for name, text in texts.items():
        code += asset(name, check(name, text)) if complete else ""
        (directory / f"page.{name}").write_text(text if complete else "", encoding="utf-8")
    target.write_text(code if complete else code + EMPTY, encoding="utf-8")
    depfile(dependencies, target, paths + parts + [source / name for name in ("vendor.list", "parts.list", "style.css")])


main(sys.argv[1:])
