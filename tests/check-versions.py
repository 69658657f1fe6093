#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NEWS.md and the documentation say the version numbers that the sources have.

usage: check-versions.py

Prints TAP, one point per test_ function.
"""
import re

import tap
import versions


def read(path):
    return (versions.ROOT / path).read_text()


def test_the_news_begin_with_this_release(_):
    head = read("NEWS.md").split("\n## ")[1]
    assert re.match(re.escape(versions.RELEASE) + r" \((unreleased|\d{4}-\d\d-\d\d)\)\n", head), head[:60]
    said = (f"Traces have format {versions.FORMAT}; formats {versions.FORMAT_FIRST} to {versions.FORMAT} are read."
            f" Databases have schema {versions.SCHEMA}.")
    assert said in head.replace("\n", " "), said


def test_the_table_has_a_row_for_this_release(_):
    row = (f"| {versions.RELEASE.rsplit('.', 1)[0]} | {versions.FORMAT} |"
           f" {versions.FORMAT_FIRST} to {versions.FORMAT} | {versions.SCHEMA} |\n")
    assert row in read("docs/reference/versions.md"), row


def test_the_pages_of_the_formats_say_their_versions(_):
    page = read("docs/reference/trace-format.md")
    assert f"\nthis is version {versions.FORMAT}, and" in page
    for earlier in range(versions.FORMAT_FIRST, versions.FORMAT):
        assert re.search(rf"\b[Vv]ersion {earlier}\b", page.split("## Earlier versions")[1]), earlier
    assert f"`user_version`, now {versions.SCHEMA}," in read("docs/reference/schema.md")


tap.run(globals(), lambda directory: directory)
