#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the driver takes a command line for, against what the compiler itself says
that it would do (-###). Not asked: --version, which gcc -### takes for a link, and
linker options in response files, which gcc passes on unread.

usage: check-oracle.py BINDIR

Prints TAP, one point for each command line and compiler. A line that starts with ~
is a link that the driver leaves alone on purpose.
"""
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

BINDIR = os.path.abspath(sys.argv[1])

# Files that the lines name
FILES = {
    "a.c": "int main(void){return 0;}\n", "b.c": "int b;\n", "a.cc": "int main(){}\n",
    "a.i": "int i;\n", "a.s": "\n", "a.S": "\n", "a.h": "int h;\n", "a.o": "", "b.o": "",
    "liba.a": "!<arch>\n", "liba.so": "", "lib.map": "{};\n", "t.ld": "SECTIONS{}\n",
    "compile.rsp": "-c a.c\n", "link.rsp": "a.c -o prog\n", "nested.rsp": "@shared.rsp a.o\n",
    "shared.rsp": "'-shared' \"-fPIC\"\n", "quoted.rsp": "a.c -o 'a b' -DX=\\\"y\\\"\n",
    "with space.c": "int main(void){return 0;}\n",
}

LINES = """
a.c
a.c -o prog
a.c b.c -o prog
a.o -o prog
a.o b.o liba.a -o prog
a.c liba.a
a.c liba.so
a.s
a.S
a.i
-c a.c
-c a.c -o a.o
-c a.c b.c
-S a.c
-E a.c
-M a.c
-MM a.c
-MD -c a.c
-MD a.c -o prog
-MMD -MF deps a.c -o prog
-MMD -MP -MT x -c a.c
-fsyntax-only a.c
--compile a.c
--assemble a.c
--preprocess a.c
--output=prog a.c
--output prog a.c
--shared a.o
--static a.o
--language=c a.c
--language c a.c
-x c a.c
-xc a.c
-x c -c a.c
-x c -E a.c
-x c a.c -x none b.o
-x assembler a.s
-x c-header a.h
a.h
-o prog a.c -lm
-o prog -lm a.c
-L. -la a.c
-l m a.c
-I . a.c
-I. -DX=1 -UX a.c
-D X=1 a.c
-include a.h a.c
-include a.h -c a.c
-iquote . a.c
-isystem . a.c
-idirafter . a.c
-O2 -g a.c
-g3 -c a.c
-std=c11 -Wall -Wextra a.c
-shared -fPIC a.c
-shared -fPIC a.c -o liba2.so
-shared a.o -Wl,-soname,liba.so.1
-fPIC -shared -Wl,-z,defs a.o
-Wl,--no-undefined -shared a.o
-shared-libgcc a.o
-static-libgcc a.o
-static a.c
-static -o prog a.o
-static-pie -fPIE a.c
-no-pie a.o
-pie -fPIE a.c
-rdynamic a.o
-r a.o b.o -o c.o
-nostdlib -r a.o -o c.o
-Wl,-r a.o -o c.o
-Wl,--relocatable a.o
-Xlinker -r a.o
-Wl,-O1,-r a.o
-Wl,-rpath,/lib a.o
-Wl,-rpath -Wl,/lib a.o
-Xlinker -rpath -Xlinker /lib a.o
-Wl,--as-needed a.o -lm
-Wl,--gc-sections -ffunction-sections a.c
-Wl,-Bstatic -lm -Wl,-Bdynamic a.o
-Wl,--version-script=lib.map a.o
-Wl,-Bsymbolic a.o
-z now a.o
-Wl,-z,now -Wl,-z,relro a.o
-u sym a.o
-e main a.o
-T t.ld a.o ~
-Wl,-T,t.ld a.o ~
-nostdlib a.o ~
-nostdlib a.o -lc
-nodefaultlibs a.o -lc
-nostartfiles a.o ~
-ffreestanding a.o ~
-fsanitize=address a.o ~
-fsanitize=address -fno-sanitize=address a.o
-fsanitize=undefined a.o
-fsanitize=undefined,address a.c ~
-fsanitize=address -c a.c
-flto a.c
-flto -c a.c
-pthread a.c
-coverage a.c
--coverage -c a.c
-v a.c
-pipe a.c
-save-temps -c a.c
-m64 a.c
-march=native a.c
--param max-inline-insns-single=100 a.c
-Xassembler --noexecstack a.c
-Wa,--noexecstack a.c
-Wp,-DX a.c
-aux-info x -c a.c
-dumpbase x -c a.c
@compile.rsp
@link.rsp
@nested.rsp
@shared.rsp a.o
@quoted.rsp
'with space.c'
-o 'a b' a.c
-dumpmachine
-dumpversion
-print-search-dirs
-print-file-name=libc.a
-print-prog-name=ld
-v
""".strip().splitlines()


def kind_by_driver(name, words, directory):
    text = subprocess.run([os.path.join(BINDIR, "rheaper-" + name), "--rheaper-explain", *words],
                          cwd=directory, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=True).stdout
    return {"executable": "executable", "static executable": "static",
            "shared library": "shared", "partial link": "partial",
            "link left alone": "alone"}.get(text.split(":")[0], "none")


def kind_by_compiler(name, words, directory):
    """From the linker's command line, or None if the compiler refuses ours."""
    result = subprocess.run([name, "-###", *words], cwd=directory, text=True, errors="replace",
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
    kind = "none"
    for line in result.stderr.splitlines():
        try:
            command = shlex.split(line)
        except ValueError:
            continue
        if not line.startswith(" ") or not command:
            continue
        if os.path.basename(command[0]) not in ("collect2", "ld", "ld.lld", "ld.gold", "ld.bfd"):
            continue
        kind = ("partial" if {"-r", "--relocatable"} & set(command) else
                "shared" if {"-shared", "--shared"} & set(command) else
                "static" if "-static" in command else "executable")
    return None if result.returncode != 0 and kind == "none" else kind


def main():
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    print(f"1..{len(LINES) * len(compilers)}")
    number = 0
    with tempfile.TemporaryDirectory(prefix="rheaper-test-") as directory:
        for name, text in FILES.items():
            with open(os.path.join(directory, name), "w") as out:
                out.write(text)
        for compiler in compilers:
            for line in LINES:
                number += 1
                words = shlex.split(line.removesuffix(" ~"))
                want = kind_by_compiler(compiler, words, directory)
                got = kind_by_driver(compiler, words, directory)
                skip = " # SKIP the compiler refuses it" if want is None else ""
                alone = line.endswith(" ~") and got == "alone" and want not in ("none", None)
                good = skip or alone or got == want
                print("ok" if good else "not ok", number, "-", compiler, line.replace("#", "")
                      + skip)
                if not good:
                    print(f"# the driver says {got}, the compiler {want}")


main()
