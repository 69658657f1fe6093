# SPDX-License-Identifier: MIT
"""Runs the test_ functions of a script, one TAP point each, in a directory that is
removed afterwards."""
import os
import shutil
import tempfile


class Skip(Exception):
    """Raised by a test that cannot run here, with the reason; by make_bench, of all tests."""


def run(namespace, make_bench):
    """Calls each function with make_bench(directory), made once, and its close(), if it has one, before the directory
    is removed."""
    bench = None
    tests = [(name, test) for name, test in namespace.items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    directory = tempfile.mkdtemp(prefix="rheaper-test-")
    try:
        try:
            bench = make_bench(os.path.realpath(directory))
        except Skip as reason:
            for number, (name, _) in enumerate(tests, 1):
                print("ok", number, "-", name[5:], "# SKIP", reason)
            return
        for number, (name, test) in enumerate(tests, 1):
            try:
                test(bench)
                print("ok", number, "-", name[5:])
            except Skip as reason:
                print("ok", number, "-", name[5:], "# SKIP", reason)
            except Exception as error:  # a failed point must not hide the others
                print("not ok", number, "-", name[5:])
                print("#", repr(error).replace("\n", "\n# "))
    finally:
        if hasattr(bench, "close"):
            bench.close()
        shutil.rmtree(directory)
