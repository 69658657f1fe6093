# SPDX-License-Identifier: MIT
"""Programs that switch tracking themselves, in check-control.py and check-forks.py, and
what the databases of their traces say.

The scripts are called with RHEAPER-LOAD BINDIR.
"""
import os
import sqlite3
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
        self.run(LOADER, "--quiet", "--force", trace, "t.db")
        return sqlite3.connect(self.path("t.db"))

    def traces(self):
        return sorted(name for name in os.listdir(self.dir) if ".trace" in name)


def lost(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0 AND"
                                 " reason NOT LIKE 'foreign_%'"))
