# SPDX-License-Identifier: MIT
"""The version numbers, each from the one place where it stands."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


def find(path, pattern):
    """The number that `pattern` has in a file of the sources, as text."""
    return re.search(pattern, (ROOT / path).read_text()).group(1)


RELEASE = find("meson.build", r"version: '([^']+)'")
SCHEMA = int(find("schema.sql", r"user_version = (\d+);"))
FORMAT = int(find("contract/format.h", r"RHP_TRACE_VERSION (\d+)"))
FORMAT_FIRST = int(find("contract/format.h", r"RHP_TRACE_VERSION_FIRST (\d+)"))
