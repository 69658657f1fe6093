# SPDX-License-Identifier: MIT
"""Programs that switch tracking themselves, in check-control.py and check-forks.py, and
what the databases of their traces say.

The scripts are called with RHEAPER-LOAD BINDIR.
"""
import os
import re
import sqlite3
import subprocess
import sys

from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")


class Bench(Workbench):
    def build(self, text, *words, driver="rheaper-gcc", name="main.c"):
        for trace in self.traces():
            os.remove(self.path(trace))
        driver = os.path.join(BINDIR, driver) if driver.startswith("rheaper-") else driver
        self.run(driver, "-O1", "-pthread", "-fno-builtin", "-I" + INCLUDE, *words,
                 self.file(name, text), "-o", "program")

    def load(self, trace):
        """One trace alone; the loader may say that the process has a later one."""
        result = subprocess.run([LOADER, "--quiet", "--force", trace, "t.db"], cwd=self.dir, env=self.env, text=True,
                                capture_output=True, check=True)
        assert re.fullmatch(r"(.*: reading \S+ without \S+, a later trace of the same process; name that, too\n)?",
                            result.stderr), result
        return sqlite3.connect(self.path("t.db"))

    def traces(self):
        return sorted(name for name in os.listdir(self.dir) if ".trace" in name)


def lost(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0 AND"
                                 " reason NOT LIKE 'foreign_%'"))
