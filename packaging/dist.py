#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The last step of `meson dist`: what is to be packed becomes the same whoever packs it.

usage: dist.py VERSION

In $MESON_DIST_ROOT each NAME.in of a distribution's files becomes NAME, with the version and the time of the
release in it, so that the archive is all that dpkg-buildpackage and rpmbuild need. Then all files get
that time and the rights that a fresh clone would have. The time is $SOURCE_DATE_EPOCH, or else that of the last commit.
"""
import os
import pathlib
import subprocess
import sys
import time

DISTRIBUTIONS = ["debian", "rpm", "arch"]


def release_time():
    said = os.environ.get("SOURCE_DATE_EPOCH")
    return int(said or subprocess.check_output(["git", "log", "-1", "--format=%ct"],
                                               cwd=os.environ["MESON_SOURCE_ROOT"]))


def fill(root, version, when):
    words = {
        "@VERSION@": version,
        "@DATE@": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when)),
        "@DAY@": time.strftime("%a %b %d %Y", time.gmtime(when)),
    }
    for template in [found for kind in DISTRIBUTIONS for found in sorted((root / "packaging" / kind).rglob("*.in"))]:
        text = template.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        template.with_suffix("").write_text(text)
        template.unlink()


def settle(root, when):
    for path in sorted(root.rglob("*"), reverse=True) + [root]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (when, when), follow_symlinks=False)


def main():
    root, when = pathlib.Path(os.environ["MESON_DIST_ROOT"]), release_time()
    fill(root, sys.argv[1], when)
    settle(root, when)


main()
