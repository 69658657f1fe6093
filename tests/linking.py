# SPDX-License-Identifier: MIT
"""Which linkers there are, and which libraries a program needs that they linked."""
import shutil

LINKERS = [name for name in ("bfd", "gold", "lld", "mold") if shutil.which("ld." + name)]


def needed(bench, name):
    return {line.split()[-1] for line in bench.run("readelf", "-dW", name).splitlines()
            if "(NEEDED)" in line}


def keeps_for_weak(bench, compiler, words):
    """libgcc_s, where a linker lets a weak reference alone keep it: docs/reference/limits.md."""
    bench.file("weak.cpp", 'extern "C" __attribute__((weak)) void _Unwind_Resume(void *);\n'
                           "void (*volatile p)(void *);\nint main() { p = _Unwind_Resume; return 0; }")
    bench.run(compiler, *(w for w in words if w.startswith("-fuse-ld=")), "-Wl,--as-needed", "weak.cpp", "-o", "weak")
    return needed(bench, "weak") & {"[libgcc_s.so.1]"}
