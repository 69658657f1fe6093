#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built rheaper-cc from outside: what it runs, prints and returns.

usage: check-driver.py RHEAPER-CC SYMBOLS.DEF

A shell script stands for the compiler; an empty file for the archive. Prints
TAP, one point per test_ function.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

DRIVER, SYMBOLS = os.path.abspath(sys.argv[1]), sys.argv[2]


class Bench:
    """A directory with a fake compiler, a fake archive and a clean environment."""

    def __init__(self, directory):
        self.dir = directory
        for name in "librheaper.a", "librheaper-interpose.a":
            open(os.path.join(directory, name), "w").close()
        self.bin = os.path.join(directory, "bin")
        os.mkdir(self.bin)
        for name in "gcc", "cc", "g++", "gfortran", "aarch64-linux-gnu-gcc":
            self.script(name, 'printf "%s\\n" "$0" "$@"')
        for name in "cc", "g++", "gfortran", "c++":
            os.symlink(DRIVER, os.path.join(directory, "rheaper-" + name))
        self.env = {"PATH": self.bin + ":/usr/bin:/bin", "RHEAPER_HOME": directory}

    def script(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as out:
            out.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)
        return path

    def run(self, *words, name="rheaper-cc", **env):
        driver = os.path.join(self.dir, name)
        return subprocess.run([driver, *words], env={**self.env, **env}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def words(self, *words, **more):
        """The words that reached the compiler, without its name."""
        result = self.run(*words, **more)
        assert result.returncode == 0, result
        assert result.stderr == "", result
        return result.stdout.splitlines()[1:]

    def shown(self, *words, **more):
        result = self.run("--rheaper-show", *words, **more)
        assert result.returncode == 0 and result.stderr == "", result
        return shlex.split(result.stdout)


def symbols(*groups, late=True):
    """The names in these groups, with those of *_late groups or without."""
    if late:
        groups += tuple(group + "_late" for group in groups)
    text = re.sub(r"/\*.*?\*/", "", open(SYMBOLS).read(), flags=re.S)
    rows = re.findall(r"^WRAP(?:_SIZED)?\((\w+), *\w+, *[^,]+, *(\w+), *(\w* *,)? *\(", text, re.M)
    return [name + ("m" + tail.rstrip(" ,") if tail else "") for group, name, tail in rows
            if group in groups]


def wraps(words):
    return [w[len("--wrap="):] for word in words if word.startswith("-Wl,")
            for w in word[4:].split(",") if w.startswith("--wrap=") and not w.startswith("--wrap=rhp_")]


def test_wrap_flags_are_the_list(b):
    cases = [
        (["rheaper-cc", "a.o"], ["core", "loader", "control", "exec", "string"]),
        (["rheaper-c++", "a.o"], ["core", "loader", "control", "exec", "cxx", "string"]),
        (["rheaper-cc", "a.o", "--rheaper-capture=link"], ["core", "loader", "control", "exec", "string", "libc"]),
        (["rheaper-c++", "a.o", "--rheaper-capture=link"], ["core", "loader", "control", "exec", "cxx", "string", "libc"]),
        (["rheaper-cc", "-static", "a.o"], ["core", "control", "exec"]),
        (["rheaper-cc", "-static", "a.o", "--rheaper-capture=link"], ["core", "control", "exec"]),
    ]
    for (name, *words), groups in cases:
        got = wraps(b.shown(*words, name=name))
        assert sorted(got) == sorted(symbols(*groups)), (words, got)


def test_list_wrapped_is_the_list(b):
    lines = b.run("--rheaper-list-wrapped").stdout.splitlines()
    assert [line.split()[0] for line in lines] == symbols(
        "core", "cxx", "string", "libc", "loader", "control", "exec")
    assert "malloc core malloc" in lines and "_Znam cxx new_array" in lines


def test_show_is_the_whole_command(b):
    archive = f"-Wl,--push-state,--no-whole-archive,{b.dir}/librheaper.ar,--pop-state"
    interpose = ("-Wl,--push-state,--no-whole-archive,"
                 f"-u,rhp_interpose_malloc,{b.dir}/librheaper-interpose.ar,"
                 f"-u,rhp_interpose_cxx,{b.dir}/librheaper-interpose-cxx.ar,--pop-state")
    got = b.shown("-O2", "a.cc", "-o", "a b", name="rheaper-g++")
    assert got[0] == os.path.join(b.bin, "g++")
    assert got[1] == "-fno-omit-frame-pointer" and "-g1" in got[1:4], got
    del got[:got.index("-g1") + 1]
    assert got[0] == "-Wl,--build-id" and got[1].startswith("-Wl,--wrap=rhp_hear_late,--wrap=malloc,")
    exports = "".join(",--export-dynamic-symbol=" + name for name in symbols("cxx"))
    assert got[2:] == ["-Wl,-u,__wrap_malloc,-u,__wrap_strdup,-u,__wrap_strndup,-u,__wrap_execve,-u,rhp_operators_wanted",
                       "-Wl,--wrap=rhp_shims" + exports, "-Wl,--wrap=rhp_bring_any,--wrap=rhp_bring_late,--wrap=rhp_bring_dynamic",
                       archive, "-O2", "a.cc", "-o", "a b", archive, interpose, archive], got


def test_shims_of_operators_come_when_called(b):
    for words, always in (["a.o"], False), (["a.o", "-static-libstdc++"], True), (["-static", "a.o"], True):
        assert ("__wrap__Znwm" in str(b.shown(*words, name="rheaper-c++"))) == always, words


def test_mold_is_not_asked_for_operators(b):
    """It would keep the C++ library for them, called or not."""
    for word, asked in ("-fuse-ld=mold", False), ("-fuse-ld=gold", True), ("-O2", True):
        assert ("rhp_operators_wanted" in str(b.shown("a.o", word, name="rheaper-c++"))) == asked, word


def test_words_reach_the_compiler_as_they_are(b):
    words = ["-c", "x y.s", "", "-DA=\"b c\"", "@none", "-Wl,-rpath,$ORIGIN"]
    assert b.words(*words) == words
    assert b.words("--help") == ["--help"]
    assert b.words("--version") == ["--version"]
    assert b.words() == []


def test_status_and_signals_are_the_compilers(b):
    b.script("cc", "exit 37")
    assert b.run("a.o").returncode == 37
    b.script("cc", "kill -SEGV $$")
    assert b.run("a.o").returncode == -11


def test_off_changes_nothing(b):
    assert b.words("a.c", "--rheaper-capture=link", RHEAPER_CC="off") == ["a.c"]


def test_flags_variable_holds_own_words(b):
    got = b.words("a.o", RHEAPER_CC_FLAGS=" --rheaper-capture=link ")
    assert "asprintf" in wraps(got)
    got = b.words("a.o", "--rheaper-capture=process", RHEAPER_CC_FLAGS="--rheaper-capture=link")
    assert "asprintf" not in wraps(got)
    result = b.run("a.o", RHEAPER_CC_FLAGS="-O2")
    assert result.returncode == 2 and "-O2" in result.stderr


def test_strdup_is_wrapped_where_its_malloc_is_exported(b):
    for words in [], ["--rheaper-capture=link"], ["-shared", "--rheaper-shared"]:
        assert "strdup" in wraps(b.words("a.o", *words)), words
    for words in ["-static"], ["-static-pie"], ["-static", "--rheaper-capture=link"]:
        assert "strdup" not in wraps(b.words("a.o", *words)), words


def test_capture_was_called_scope(b):
    for name in "capture", "scope":
        assert "asprintf" in wraps(b.words("a.o", f"--rheaper-{name}=link"))
        result = b.run("a.o", f"--rheaper-{name}=all")
        assert result.returncode == 2 and "expected process or link" in result.stderr, result


def test_own_words_that_do_not_exist_are_named(b):
    result = b.run("a.o", "--rheaper-shwo")
    assert result.returncode == 2 and "--rheaper-shwo" in result.stderr, result
    assert result.stdout == ""


def test_missing_compiler_is_127(b):
    os.remove(os.path.join(b.bin, "gfortran"))
    result = b.run("a.o", name="rheaper-gfortran", PATH=b.bin)
    assert result.returncode == 127 and "cannot find the compiler gfortran; set RHEAPER_REAL_FC" in result.stderr
    assert "RHEAPER_REAL_FC" in result.stderr
    assert b.run("a.o", RHEAPER_REAL_CC="/no/such").returncode == 127


def test_real_compiler_is_split_on_blanks(b):
    b.script("launch", 'printf "%s\\n" "$0" "$@"')
    got = b.words("-c", "a.s", RHEAPER_REAL_CC=" launch gcc  -m64 ")
    assert got == ["gcc", "-m64", "-c", "a.s"]


def test_masquerade_directory_is_skipped(b):
    masquerade = os.path.join(b.dir, "masquerade")
    os.mkdir(masquerade)
    os.symlink(DRIVER, os.path.join(masquerade, "gcc"))
    result = b.run("-c", "a.s", name="masquerade/gcc", PATH=masquerade + ":" + b.bin)
    assert result.stdout.splitlines() == [os.path.join(b.bin, "gcc"), "-c", "a.s"]


def test_loop_is_named(b):
    b.script("again", f'exec {b.dir}/rheaper-cc "$@"')
    result = b.run("a.o", RHEAPER_REAL_CC="again")
    assert result.returncode == 2 and "RHEAPER_REAL_CC" in result.stderr, result
    result = b.run("a.o", RHEAPER_REAL_CC=DRIVER)
    assert result.returncode == 2 and "RHEAPER_REAL_CC" in result.stderr, result


def test_nested_driver_adds_words_once(b):
    b.script("mpicc", f'unset RHEAPER_REAL_CC; exec {b.dir}/rheaper-cc "$@"')
    got = b.words("a.o", RHEAPER_REAL_CC="mpicc")
    assert wraps(got).count("malloc") == 1


def test_cross_name_finds_the_cross_compiler(b):
    os.symlink(DRIVER, os.path.join(b.dir, "aarch64-linux-gnu-rheaper-cc"))
    result = b.run("-c", "a.s", name="aarch64-linux-gnu-rheaper-cc")
    assert result.stdout.splitlines()[0] == os.path.join(b.bin, "aarch64-linux-gnu-gcc")


def test_the_real_compiler_tells_the_target(b):
    """Its name and its options do, as those of the user do."""
    other = "for another target than the archives"
    calls = [({"RHEAPER_REAL_CC": "cc -m32"}, [], "-i386"),
             ({"RHEAPER_REAL_CC": "cc"}, ["-m32"], "-i386"),
             ({"RHEAPER_REAL_CC": "aarch64-linux-gnu-gcc"}, [], "-aarch64"),
             ({"RHEAPER_REAL_CC": "launch aarch64-linux-gnu-gcc -O2"}, [], "-aarch64"),
             ({"RHEAPER_REAL_CC": "launch cc -m32"}, ["-m64"], "")]
    b.script("launch", 'exec "$@"')
    for env, words, suffix in calls:
        if suffix:
            result = b.run("a.o", *words, "--rheaper-explain", **env)
            assert other in result.stdout, (env, result)
            assert b.run("a.o", *words, **env).stderr == ""
        path = os.path.join(b.dir, f"librheaper{suffix}.a")
        open(path, "w").close()
        got = b.shown("a.o", *words, **env)
        assert f"{path}r," in " ".join(got), (env, got)
        if suffix:
            os.remove(path)
    result = b.run("--rheaper-show=link", "-m32")
    assert result.returncode == 2 and "librheaper-i386.a" in result.stderr, result


def test_missing_archive_leaves_the_link_alone(b):
    os.remove(os.path.join(b.dir, "librheaper.a"))
    result = b.run("a.o")
    assert result.returncode == 0 and result.stdout.splitlines()[1:] == ["a.o"]
    assert len(result.stderr.splitlines()) == 1 and "librheaper.a" in result.stderr
    assert b.run("-c", "a.c").stderr == ""


def test_response_files_are_judged_but_kept(b):
    path = os.path.join(b.dir, "words")
    with open(path, "w") as out:
        out.write("-shared 'a b.o'")
    assert b.words("@" + path) == ["@" + path]
    with open(path, "w") as out:
        out.write("a.o -lstdc++")
    got = b.words("@" + path)
    assert "@" + path in got and "_Znwm" in wraps(got)


def test_log_has_one_line_per_call(b):
    path = os.path.join(b.dir, "log")
    b.words("a.o", RHEAPER_CC_LOG=path)
    b.words("-c", "a b.c", RHEAPER_CC_LOG=path)
    lines = open(path).read().splitlines()
    assert len(lines) == 2 and lines[0].startswith("executable: "), lines
    assert lines[1].startswith("compile step: ") and lines[1].endswith("-c 'a b.c'"), lines


def test_explain_is_one_line(b):
    result = b.run("--rheaper-explain", "-shared", "a.o")
    assert result.stdout.startswith("shared library: ") and result.stdout.count("\n") == 1


def test_show_link_pulls_every_shim(b):
    got = shlex.split(b.run("--rheaper-show=link").stdout)
    pulled = re.findall(r",-u,__wrap_(\w+)", " ".join(got))
    assert sorted(pulled) == sorted(symbols("core", "string", "loader", "control", "exec", late=False)), got
    assert sorted(wraps(got)) == sorted(pulled), got


def test_shims_are_brought_from_before_and_behind(b):
    """For linkers that rename when all is read (wrap/bring.h)."""
    for name in "declared", "bring":
        shutil.copy(os.path.join(os.path.dirname(DRIVER), f"../wrap/librheaper-{name}.a"), b.dir)
    for words, groups in (["a.o"], ["any", "late", "dynamic"]), (["-static", "a.o"], ["any", "late"]), \
            (["--rheaper-capture=link", "a.o"], ["any", "late", "dynamic", "libc"]), \
            (["--rheaper-wrap=xmalloc:malloc", "a.o"], ["any", "late", "dynamic", "declared"]):
        joined = ",".join(w[4:] for w in b.shown(*words) if w.startswith("-Wl,"))
        found = re.findall(r"--wrap=(\w+)", joined)
        hears = ["rhp_hear_" + group for group in groups if group not in ("any", "dynamic")]
        brings = ["rhp_bring_" + group for group in groups]
        assert found[:len(hears)] == hears and found[-len(brings):] == brings, (words, found)
        assert sum("rhp_" in name for name in found) == len(hears + brings), (words, found)
    for words in [], ["-static"]:  # which leave out what not every libc has
        found = re.findall(r"--wrap=(rhp_\w+)", b.run("--rheaper-show=link", *words).stdout)
        assert found == ["rhp_bring_any"], (words, found)


def test_version_and_help(b):
    assert re.match(r"rheaper-cc \(rheaper\) \d+\.\d+", b.run("--rheaper-version").stdout)
    assert b.run("--rheaper-help").stdout.startswith("Usage: rheaper-cc ")


def test_tcc_is_left_alone_with_a_sentence(b):
    tcc = b.script("tcc", 'printf "%s\\n" "$@"')
    os.symlink(tcc, os.path.join(b.bin, "other"))
    for name in "tcc", "ccache tcc", os.path.join(b.bin, "other"):
        b.script("ccache", 'exec "$@"')
        result = b.run("a.o", "-o", "a", RHEAPER_REAL_CC=name)
        assert result.returncode == 0 and result.stdout.split() == ["a.o", "-o", "a"], (name, result)
        assert result.stderr.count("\n") == 1 and "tcc links by itself and cannot wrap functions" in result.stderr, result
        assert b.run("-c", "a.c", RHEAPER_REAL_CC=name).stderr == "", name
        result = b.run("--rheaper-explain", "a.o", RHEAPER_REAL_CC=name)
        assert result.stdout.startswith("link left alone: tcc links by itself"), result
        assert result.stderr == "", result


def test_zig_gets_a_file_for_its_linker(b):
    """Its own words as they are, and in the file what it would refuse; not the file when it does not link."""
    script = 'for word; do case $word in -Wl,-u,@*) tr "\\n" " " <"${word#-Wl,-u,@}"; echo;; *) echo "$word";; esac; done'
    b.script("zig", script)
    os.symlink(b.script("renamed", script), os.path.join(b.bin, "zig-0.16"))
    for name in "zig cc", "zig-0.16 cc", "ccache zig cc":
        b.script("ccache", 'exec "$@"')
        got = b.words("a.o", "-o", "a", "-Wl,-rpath,/x", RHEAPER_REAL_CC=name)
        assert got[0] == "-g1" and got[-3:] == ["-o", "a", "-Wl,-rpath,/x"], (name, got)
        file = [word for word in got if word.startswith("__wrap_malloc ")]
        assert len(file) == 1 and " --wrap=free " in file[0] and file[0].count(b.dir + "/librheaper.ar ") == 3, (name, got)
        assert not any("--wrap" in word for word in got if word not in file), (name, got)
        assert not any("--wrap" in word for word in b.words("-c", "a.c", RHEAPER_REAL_CC=name)), name
    got = b.words("a.o", RHEAPER_REAL_CC="zig c++")
    assert any("--wrap=_Znwm " in word for word in got), got
    assert "links an executable with -static; instrumented" in b.run(
        "--rheaper-explain", "a.o", RHEAPER_REAL_CC="zig cc -target x86_64-linux-musl").stdout


def test_zig_gets_no_words_of_show_link(b):
    b.script("zig", 'printf "%s\\n" "$@"')
    b.script("ccache", 'exec "$@"')
    for name in "zig cc", "ccache zig cc":
        result = b.run("--rheaper-show=link", RHEAPER_REAL_CC=name)
        assert result.returncode == 2 and result.stdout == "", result
        assert ": zig refuses these words" in result.stderr and result.stderr.count("\n") == 1, result


def test_dietlibc_is_left_alone_with_a_sentence(b):
    words = ["-nostdlib", "-static", "start.o", "a.o", "-o", "a", "-D__dietlibc__", "libc.a"]
    b.script("gcc", 'printf "%s\n" "$@"')
    result = b.run(*words, RHEAPER_REAL_CC="gcc")
    assert result.returncode == 0 and result.stdout.split() == words, result
    assert result.stderr.count("\n") == 1 and "dietlibc lacks functions" in result.stderr, result
    assert b.run("-c", "a.c", "-D__dietlibc__", RHEAPER_REAL_CC="gcc").stderr == ""


def test_flang_gets_the_words_that_it_knows(b):
    for name in "flang", "flang-21", "x86_64-linux-gnu-flang-new":
        b.script(name, 'printf "%s\\n" "$@"')
        got = b.run("-c", "a.f90", name="rheaper-gfortran", RHEAPER_REAL_FC=name).stdout.split()
        assert got == ["-fno-omit-frame-pointer", "-g1", "-c", "a.f90"], (name, got)
    assert len(b.run("-c", "a.f90", name="rheaper-gfortran").stdout.split()) == 6


def test_modules_are_sources(b):
    for name in "a.cppm", "a.ccm", "a.cxxm", "a.c++m", "a.pcm":
        assert "-fno-omit-frame-pointer" in b.words("-c", name, "-o", "a.o"), name
    assert b.words("--precompile", "a.ccm", "-o", "a.pcm") == ["--precompile", "a.ccm", "-o", "a.pcm"]


def test_companions_run_as_they_are(b):
    for name in "gcc-ar", "clang-scan-deps", "clang-scan-deps-21":
        b.script(name, 'printf "%s\\n" "$@"; exit 3')
        os.symlink(DRIVER, os.path.join(b.dir, "rheaper-" + name))
        result = b.run("rcs", "lib.a", "a.o", "--rheaper-show", name="rheaper-" + name)
        assert result.returncode == 3, result
        assert result.stdout.split() == ["rcs", "lib.a", "a.o", "--rheaper-show"], result


def test_declarations_are_wrapped(b):
    path = os.path.join(b.dir, "list")
    with open(path, "w") as out:
        out.write("# allocators\nxcalloc calloc  # over malloc\n\npool c:malloc freed-by=unpool\n")
    for name in "declared", "bring":
        shutil.copy(os.path.join(os.path.dirname(DRIVER), f"../wrap/librheaper-{name}.a"), b.dir)
    got = b.shown("a.o", "--rheaper-wrap=xmalloc:malloc", "--rheaper-wrap-file=" + path)
    assert sorted(set(wraps(got)) - set(symbols("core", "string", "loader", "control", "exec"))) == [
        "pool", "xcalloc", "xmalloc"], got
    assert sum("/proc/self/fd/" in word for word in got) == 3, got
    assert "--rheaper" not in " ".join(got), got
    assert b.shown("-c", "a.c", "--rheaper-wrap=xmalloc:malloc")[-2:] == ["-c", "a.c"]


def test_bad_declarations_are_named(b):
    path = os.path.join(b.dir, "list")
    with open(path, "w") as out:
        out.write("xmalloc malloc\nxfree fre\n")
    for words, said in (["--rheaper-wrap=x:mallok"], "x:mallok: unknown kind"), \
            (["--rheaper-wrap-file=" + path], path + ":2: xfree: unknown kind"), \
            (["--rheaper-wrap-file=/nonexistent"], "open /nonexistent: No such file"):
        result = b.run("a.o", *words)
        assert result.returncode == 2 and said in result.stderr, result


def test_labels_are_an_object_of_the_link(b):
    template = os.path.join(os.path.dirname(DRIVER), "../wrap/librheaper-labels.a")
    shutil.copy(template, b.dir)
    for words, env in (["--rheaper-label=version=1.2"], {}), (["--rheaper-label", "version=1.2"], {}), \
            ([], {"RHEAPER_LABELS": "version=1.2,commit=3f1c"}), \
            ([], {"RHEAPER_CC_FLAGS": "--rheaper-label version=1.2"}):
        got = b.shown("a.o", *words, **env)
        assert sum(word.startswith("-Wl,/proc/self/fd/") for word in got) == 1, got
        assert "a.o" in got and not any("label" in word for word in got), got
        assert b.shown("-c", "a.c", *words, **env)[-2:] == ["-c", "a.c"]
    assert not any("/proc/self/fd/" in word for word in b.shown("a.o"))


def test_bad_labels_are_named(b):
    for label, said in ("version", "expected NAME=VALUE"), ("version=", "1 to 255 bytes"), \
            ("Version=1", "small letters"), ("1a=1", "small letters"), ("=1", "small letters"), \
            ("a=" + 256 * "x", "1 to 255 bytes"), ("a=b\nc", "control character"), \
            (64 * "a" + "=1", "small letters"):
        for result in b.run("a.o", "--rheaper-label=" + label), b.run("a.o", RHEAPER_LABELS=label):
            assert result.returncode == 2 and said in result.stderr, (label, result)
    result = b.run("a.o", RHEAPER_LABELS=b"a=\xff")
    assert result.returncode == 2 and "not UTF-8" in result.stderr, result
    for labels, said in (["n%d=1" % i for i in range(31)], "30 at most"), \
            (["n%d=%s" % (i, 250 * "x") for i in range(5)], "1023 bytes"):
        result = b.run("a.o", *("--rheaper-label=" + label for label in labels))
        assert result.returncode == 2 and said in result.stderr, result
    result = b.run("a.o", "--rheaper-label")
    assert result.returncode == 2 and "unknown option" in result.stderr, result
    result = b.run("a.o", "--rheaper-show=link", "--rheaper-label=a=1")
    assert result.returncode == 2 and "cannot be combined" in result.stderr, result


def test_full_output_is_an_error(b):
    for word in "help", "version", "list-wrapped", "show", "show=link", "explain":
        with open("/dev/full", "w") as full:
            result = subprocess.run([b.dir + "/rheaper-cc", "--rheaper-" + word, "a.c"],
                                    env=b.env, stdout=full, stderr=subprocess.PIPE, text=True)
        assert result.returncode == 2 and "standard output" in result.stderr, (word, result)


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="rheaper-") as directory:
            try:
                test(Bench(os.path.realpath(directory)))
                print(f"ok {number} {name[5:]}")
            except AssertionError as error:
                failed += 1
                print(f"not ok {number} {name[5:]}\n# {str(error)[:2000]}")
    return failed > 0


sys.exit(main())
