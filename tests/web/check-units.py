#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts of a report page without a browser: each is read by Node.js, and what they compute
is compared with sums over each block (units.test.js).

usage: check-units.py SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import base64
import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

WEB = pathlib.Path(sys.argv[1]) / "web"


def node(*arguments):
    if not shutil.which("node"):
        raise tap.Skip("no Node.js here")
    said = subprocess.run(["node", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert said.returncode == 0, said.stdout[-3000:]
    return said.stdout


def parts():
    return [WEB / name for name in (WEB / "parts.list").read_text().split() if name.endswith(".js")]


def test_each_script_can_be_read(_):
    for part in parts():
        node("--check", part)


def test_every_script_is_in_the_list(_):
    assert sorted(parts()) == sorted(WEB.glob("*.js")) and len(parts()) > 10


def test_they_compute_what_the_blocks_say(_):
    said = node("--test", "--test-reporter=tap", pathlib.Path(__file__).with_name("units.test.js"))
    assert "\n# fail 0" in said and "\n# skipped 0" in said, said


def bundle(directory, source, vendor):
    said = subprocess.run([sys.executable, WEB / "bundle.py", source, vendor, directory / "out.c", directory, directory / "out.d"],
                          capture_output=True, text=True)
    return said.returncode, said.stderr, (directory / "out.c")


def a_library(directory, text):
    """A source directory whose one library has this text."""
    source, vendor = directory / "source", directory / "vendor"
    for path, content in {source / "vendor.list": "# nothing\nlib 1.0 sha512-x dist/lib.js script LICENSE MIT\nlib 1.0 sha512-x lib.css style LICENSE MIT\n",
                          source / "parts.list": "own.js\n", source / "own.js": "start();\n", source / "style.css": "b { color: red; }\n",
                          vendor / "lib-1.0/dist/lib.js": text, vendor / "lib-1.0/lib.css": "a{}", vendor / "lib-1.0/LICENSE": "Do as you like.\n"}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return source, vendor


def compiled(source, expression):
    """What a program that prints the expression says."""
    main = source.with_name("main.c")
    main.write_text(f'#include <stdio.h>\n#include "web/report_assets.h"\nint main(void) {{ {expression} return 0; }}\n')
    program = source.with_name("main")
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", WEB.parent, "-o", program, main, source], check=True)
    return subprocess.run([program], capture_output=True, check=True).stdout


def test_the_c_has_the_bytes_and_their_hashes(directory):
    source, vendor = a_library(directory, "lib('é');")
    status, said, code = bundle(directory, source, vendor)
    assert status == 0, said
    for name, expected in (("vendor", "/*!licence\nlib 1.0 (MIT)\n\nDo as you like.\n*/\nlib('é');\n;\n"), ("style", "a{}\nb { color: red; }\n"),
                           ("script", "(() => {\n'use strict';\nstart();\n})();\n")):
        asset = f"report_asset_{name}"
        assert compiled(code, f"fwrite({asset}.bytes, 1, {asset}.size, stdout);") == expected.encode(), name
        digest = base64.b64encode(hashlib.sha256(expected.encode()).digest())
        assert compiled(code, f"printf(\"%s %d\", {asset}.sha256_base64, report_has_assets);") == digest + b" 1", name


def test_without_libraries_the_same_names_are_there(directory):
    source, vendor = a_library(directory, "lib();")
    (vendor / "lib-1.0/LICENSE").unlink()
    status, said, code = bundle(directory, source, vendor)
    assert status == 0, said
    assert compiled(code, "printf(\"%d %zu %zu\", report_has_assets, report_asset_vendor.size, report_asset_script.size);") == b"0 0 0"
    assert subprocess.run([sys.executable, WEB / "bundle.py", "--check", source, vendor]).returncode == 1


def test_a_library_that_would_end_its_element_is_refused(directory):
    for text in "a = '</ScRiPt>'", "a <!--b", "a\r\nb":
        source, vendor = a_library(directory, "")
        (vendor / "lib-1.0/dist/lib.js").write_bytes(text.encode())
        status, said, _ = bundle(directory, source, vendor)
        assert status != 0 and "bundle: the vendor contains" in said, (text, status, said)


def test_only_what_has_the_hash_is_taken(directory):
    home, tools = directory / "fetched", directory / "bin"
    tools.mkdir()
    with tarfile.open(directory / "lib.tgz", "w:gz") as archive:
        for name, text in ("package/lib.js", b"lib();"), ("package/LICENSE", b"free"):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    (tools / "npm").write_text(f'#!/bin/sh\n[ "$1 $3" = "pack lib@1.0" ] && cp "{directory}/lib.tgz" .\n')
    (tools / "npm").chmod(0o755)
    digest = base64.b64encode(hashlib.sha512((directory / "lib.tgz").read_bytes()).digest()).decode()
    other = ("A" if digest[0] != "A" else "B") + digest[1:]
    for integrity, status in ("sha512-" + other, 1), ("sha512-" + digest, 0), ("sha512-" + digest, 0):
        (directory / "list").write_text(f"lib 1.0 {integrity} lib.js script LICENSE MIT\n")
        said = subprocess.run([sys.executable, WEB.parent / "tools/vendor", directory / "list", home], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
        assert said.returncode == status, said
        assert (home / "lib-1.0/lib.js").exists() == (status == 0) and ("is not what the list says" in said.stderr) == (status == 1)


def test_scripts_are_short(_):
    for part in parts():
        lines = part.read_text(encoding="utf-8").split("\n")
        assert len(lines) <= 400 and lines[0] == "// SPDX-License-Identifier: MIT", part


if __name__ == "__main__":
    tap.run(globals(), pathlib.Path)
