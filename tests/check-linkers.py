#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every wrapped function, defined by the program, by every linker: its calls arrive.

usage: check-linkers.py BINDIR [LINKER]...

The functions are those of rheaper-cc --rheaper-list-wrapped, some that are declared by
--rheaper-wrap and some of a known allocator. A program calls all of them. They are defined
weakly or strongly, in an object, an archive or a shared library that only they need; or not
at all, and the references are weak. Untraced and traced, no call may go to address 0 or past
the shim.

Prints TAP, a point for each linker and kind of link. The linkers are those on PATH, those of
LLVM beside them, and those of RHEAPER_TEST_LINKERS: NAME=PATH, separated by blanks, where NAME
begins with bfd, gold, lld or mold. One that is called `ld` stands for a compiler whose
linker nothing tells of. What the plain compiler cannot link is skipped.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

BINDIR = os.path.abspath(sys.argv[1])
KINDS = {
    "dynamic": ["-fPIE", "-pie"],
    "no-pie": ["-fno-pie", "-no-pie"],
    "link": ["-fPIE", "-pie", "--rheaper-capture=link"],
    "static": ["-fno-pie", "-no-pie", "-static"],
    "static-pie": ["-fPIE", "-static-pie"],
}
DECLARED = {"pool_alloc": "malloc:freed-by=pool_free", "pool_free": "free"}
KNOWN = ["mi_malloc", "mi_calloc", "mi_free", "mi_new"]  # mimalloc's
JUMPS = ["longjmp", "_longjmp", "siglongjmp", "__longjmp_chk"]

# What a function does that others depend on; the rest give 0.
BODIES = {
    "malloc": "return arena(a);", "valloc": "return arena(a);", "pvalloc": "return arena(a);",
    "calloc": "return arena(a * b);", "realloc": "return resize(a, b);",
    "reallocarray": "return resize(a, b * c);", "aligned_alloc": "return arena(b);",
    "memalign": "return arena(b);", "posix_memalign": "*(long *)a = arena(c); return 0;",
    **{name: "jump_back();" for name in JUMPS},
}
ARGUMENTS = {
    "malloc": "64", "valloc": "64", "pvalloc": "64", "calloc": "4, 16", "realloc": "0, 64",
    "reallocarray": "0, 4, 16", "aligned_alloc": "64, 64", "memalign": "64, 64",
    "posix_memalign": "zero, 64, 64", "pool_alloc": "64", "mi_malloc": "64", "mi_calloc": "4, 16",
    "mi_new": "64",
}

COMMON = r"""
long arena(unsigned long size), resize(long old, unsigned long size);
void reach(int number, void *self), jump_back(void);
"""

CALLER = COMMON + r"""
#include <signal.h>
#include <string.h>
#include <unistd.h>
FUNCTIONS
static const struct { const char *name; long (*const volatile *function)(); int number, wrapped; } table[] = {
TABLE
};
enum { N = sizeof(table) / sizeof(table[0]) };
static char memory[1 << 24] __attribute__((aligned(4096))), zero[8192];
static unsigned long used;
static volatile int reached;
static void *volatile last;
static void *back[5];
static int is_weak = WEAK, shims, status;
long arena(unsigned long size)
{
	if (size > sizeof(memory) / 2)
		return 0;
	return (long)memory + __atomic_fetch_add(&used, (size + 4095) & ~4095ul, __ATOMIC_RELAXED);
}
long resize(long old, unsigned long size)
{
	char *p = (char *)arena(size);
	for (unsigned long i = 0; p && old && i < size; i++)
		p[i] = ((char *)old)[i];
	return (long)p;
}
void reach(int number, void *self)
{
	reached++;
	last = self;
}
void __attribute__((noinline)) jump_back(void)
{
	__builtin_longjmp(back, 1);
}
static void on_signal(int number)
{
	jump_back();
}
static void say(const char *what, const char *name)
{
	status = 1;
	(void)!write(1, name, strlen(name));
	(void)!write(1, what, strlen(what));
}
static void call(int number)
{
	switch (table[number].number) {
CALLS
	}
}
static void __attribute__((noinline)) try(int number)
{
	long address = (long)*table[number].function;
	if (!address) {
		if (!is_weak)
			say(" is at address 0\n", table[number].name);
		return;
	}
	reached = 0;
	if (!__builtin_setjmp(back)) {
		call(number);
		if (is_weak)
			return;
	}
	if (!reached)
		say(" was not reached\n", table[number].name);
	else if (shims && table[number].wrapped && (long)last == address)
		say(" is called past its shim\n", table[number].name);
}
int main(int n, char **argument)
{
	shims = n > 1;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	sigaction(SIGSEGV, &action, 0);
	for (int i = 0; i < N; i++)
		try(i);
	_exit(status);
}
"""

DEFINITION = r"""
long d@(long, long, long, long, long, long) __asm__("NAME");
static __typeof__(d@) own@ __attribute__((alias("NAME")));
BINDING long d@(long a, long b, long c, long d, long e, long f)
{
	reach(@, own@);
	BODY
	return 0;
}
"""


def run(*command, **env):
    names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
    return subprocess.run(command, env={**names, **env}, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=120)


def must(*command, **env):
    result = run(*command, **env)
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


def functions():
    """Name and group of each."""
    listed = must(os.path.join(BINDIR, "rheaper-cc"), "--rheaper-list-wrapped")
    found = [tuple(line.split()[:2]) for line in listed.splitlines()]
    return found + [(name, "declared") for name in DECLARED] + [(name, "known") for name in KNOWN]


FUNCTIONS = functions()


def is_wrapped(group, kind):
    """In links of the kind by rheaper-g++."""
    if group in ("libc", "libc_late"):
        return kind == "link"
    if group == "string":
        return kind not in ("static", "static-pie")
    if group == "loader":
        return kind not in ("static", "static-pie")
    return True


def body(name):
    if name.startswith(("_Znw", "_Zna")):
        return "return arena(a);"
    return BODIES.get(name, "return arena(a);" if name in ARGUMENTS else "")


def arguments(name):
    if name.startswith(("_Znw", "_Zna")):
        return "64, 64, zero"
    if name.startswith("_Zd") or "free" in name:
        return "0, 0, 0"
    if name.startswith("execl"):
        return "zero, 0, zero"
    return ARGUMENTS.get(name, ", ".join(["zero"] * 6))


def write(name, text):
    with open(name, "w") as out:
        out.write(text)
    return name


def write_caller(name, kind, weak):
    """A program that calls them; if `weak`, those that nothing may define, if they are there."""
    attribute = "__attribute__((weak)) " if weak else ""
    declarations, table, calls = "", "", ""
    for i, (function, group) in enumerate(FUNCTIONS):
        wrapped = is_wrapped(group, kind)
        if weak and group not in ("declared", "known", "core_late"):
            continue  # libc has it, or may have it
        declarations += (f'extern {attribute}long f{i}() __asm__("{function}");\n'
                         f"static long (*const volatile p{i})() = f{i};\n")
        table += f'{{"{function}", &p{i}, {i}, {int(wrapped)}}},\n'
        calls += f"case {i}: f{i}({arguments(function)}); break;\n"
    text = CALLER.replace("FUNCTIONS", declarations).replace("TABLE", table)
    write(name, text.replace("CALLS", calls).replace("WEAK", str(int(weak))))


CFLAGS = ["-std=gnu11", "-O1", "-g0", "-w", "-fno-builtin", "-fPIC", "-ffunction-sections"]


def prepare():
    for kind in ("dynamic", "link", "static"):
        for weak in (False, True):
            name = f"caller-{kind}{'-weak' * weak}"
            write_caller(name + ".c", kind, weak)
            must("gcc", *CFLAGS, "-c", name + ".c")
    for binding in ("weak", "strong"):
        os.mkdir(binding)
        sources = []
        for i, (name, _) in enumerate(FUNCTIONS):
            text = COMMON + DEFINITION.replace("BODY", body(name)).replace("NAME", name)
            text = text.replace("BINDING", "__attribute__((weak))" * (binding == "weak"))
            sources.append(write(f"{binding}/{i}.c", text.replace("@", str(i))))
        objects = [os.path.basename(s)[:-1] + "o" for s in sources]
        result = subprocess.run(["gcc", *CFLAGS, "-c", *(os.path.basename(s) for s in sources)], cwd=binding)
        assert result.returncode == 0
        inside = [os.path.join(binding, name) for name in objects]
        must("ld", "-r", *inside, "-o", f"{binding}.o")
        late = [path for path, (name, group) in zip(inside, FUNCTIONS) 
                if group.startswith(("libc", "control", "loader")) or name == "fexecve"]
        must("ld", "-r", *late, "-o", f"{binding}/late.o")
        # An allocator is one object
        one = [path for path, (_, group) in zip(inside, FUNCTIONS) if group in ("core", "core_late", "cxx")]
        must("ld", "-r", *one, "-o", f"{binding}/malloc.o")
        must("ar", "cr", f"{binding}/libmimalloc.a", f"{binding}/malloc.o",
             *[path for path in inside if path not in one])
        must("gcc", "-shared", *inside, "-o", f"{binding}/libmimalloc.so", "-Wl,-soname,libmimalloc.so")


def definitions(linker, binding, place):
    if place == "archive" and linker.startswith(("bfd", "gold")):
        # They look for what a shim calls behind the shim only: docs/reference/limits.md
        return [f"{binding}/late.o", f"{binding}/libmimalloc.a"]
    if place == "object":
        return [f"{binding}.o", "--rheaper-family=mimalloc"]
    if place == "nowhere":
        return ["--rheaper-family=mimalloc"]
    if place == "archive":
        return [f"{binding}/libmimalloc.a"]
    return ["-Wl,--as-needed", f"-L{binding}", f"-Wl,-rpath,{os.path.abspath(binding)}", "-lmimalloc"]


def complaints(program, *arguments, **env):
    """What a program says of the functions, and how it ends."""
    result = run(program, *arguments, **env)
    said = (result.stdout + result.stderr).splitlines()
    return set(said) | ({f"status {result.returncode}"} if result.returncode not in (0, 1) else set())


def check_one(inputs, words, declared):
    """What is wrong with the program of these inputs; None if the plain one is not linked."""
    plain = run("g++", *[w for w in [*words, *inputs] if not w.startswith("--rheaper")], "-o", "plain")
    if plain.returncode != 0:
        return None
    accepted = complaints("./plain")
    if any(line.startswith("status") for line in accepted):
        return None
    result = run(os.path.join(BINDIR, "rheaper-g++"), *words, *inputs, *declared, "-o", "program")
    if result.returncode != 0:
        return ["link: " + result.stderr]
    errors = complaints("./program", "shims") - accepted
    if os.path.exists("t.bin"):
        os.remove("t.bin")
    traced = complaints("./program", "shims", RHEAPER_TRACE="t.bin") - accepted
    return sorted(errors) + ["traced: " + line for line in sorted(traced)]


def check(linker, words, kind):
    """What is wrong, and what is skipped: None for all of it, if a program does not run that
    defines nothing."""
    static = kind.startswith("static")
    caller = "static" if static else "link" if kind == "link" else "dynamic"
    declared = [f"--rheaper-wrap={name}:{what}" for name, what in DECLARED.items()]
    errors, skipped = [], []
    for place in ["nowhere", "object", "archive"] + ["shared"] * (not static):
        for binding in ("weak", "strong")[:1 if place == "nowhere" else 2]:
            inputs = [f"caller-{caller}{'-weak' * (place == 'nowhere')}.o",
                      *definitions(linker, binding, place)]
            found = check_one(inputs, [*words, *KINDS[kind]], declared)
            if found is None and place == "nowhere":
                return [], None
            if found is None:
                skipped.append(f"{binding} {place}")
            else:
                errors += [f"{binding} {place}: {line}" for line in found]
    return errors, skipped


def linkers():
    """Name, words for the compiler."""
    found = {}
    for name in ("bfd", "gold", "lld", "mold"):
        path = shutil.which("ld." + name)
        found[name] = path and os.path.realpath(path)
    for path in sorted(glob.glob("/usr/lib/llvm-*/bin/ld.lld")):
        if os.path.realpath(path) not in found.values():
            found["lld-" + path.split("/")[3][5:]] = path
    for text in os.environ.get("RHEAPER_TEST_LINKERS", "").split():
        name, _, path = text.partition("=")
        found[name] = os.path.abspath(path)
    if found["lld"]:
        found["lld as ld"] = found["lld"]
    return {name: path for name, path in found.items() if not sys.argv[2:] or name in sys.argv[2:]}


def words_for(name, path):
    """What makes gcc take this linker."""
    called = "ld" if name.endswith("as ld") else "ld." + name.split("-")[0]
    directory = os.path.abspath("as-" + name.replace(" ", "-"))
    os.mkdir(directory)
    os.symlink(path, os.path.join(directory, called))
    return ["-B" + directory] + ["-fuse-ld=" + called[3:]] * (called != "ld")


def main():
    found = linkers()
    points = [(name, kind) for name in found for kind in KINDS]
    print(f"1..{len(points)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rheaper-linkers-") as directory:
        os.chdir(directory)
        prepare()
        words = {name: path and words_for(name, path) for name, path in found.items()}
        for number, (name, kind) in enumerate(points, 1):
            if not words[name]:
                print(f"ok {number} - {name} {kind} # SKIP ld.{name} is not installed", flush=True)
                continue
            errors, skipped = check(name, words[name], kind)
            if skipped is None:
                print(f"ok {number} - {name} {kind} # SKIP the plain compiler links none that runs", flush=True)
                continue
            print("not ok" if errors else "ok", number, "-", f"{name} {kind}")
            for error in errors + [f"{what}: skipped: the plain program does not run" for what in skipped]:
                print("#", error[:1500].replace("\n", "\n#   "), flush=True)
        os.chdir("/")


main()
