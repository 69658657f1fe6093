#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether a baseline of rheaper-check tells functions of one name apart: overloads, instances of
a template, lambdas and members of local classes. The program counts what it leaks, and Valgrind
says where.

usage: check-names.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import re
import shutil
import sqlite3
import subprocess

import tap
from leaky import TWO_WAYS, Bench, read

# For each kind of namesakes its two arguments say how many blocks the first and the second one
# leak; the second one's are smaller, so that no growth gives it away.
PROGRAM = """%s
#include <stdio.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
static void *volatile sink;
static volatile int n_leaked;
static inline __attribute__((always_inline)) void leak(int n, size_t size)
{
	for (; n > 0; n--, n_leaked = n_leaked + 1)
		sink = malloc(size);
}
static void here() { n_leaked = n_leaked; } /* so that no call is the last act */
struct A { char c[21]; };
struct B { char c[20]; };
OWN void over(int n) { leak(n, 11); here(); }
OWN void over(long n) { leak((int)n, 10); here(); }
OWN static void local(int n, char) { leak(n, 31); here(); }
OWN static void local(int n, short) { leak(n, 30); here(); }
template <class T> OWN void inst(int n) { leak(n, sizeof(T)); here(); }
template <class T> struct Pool { OWN static void take(int n) { leak(n, 20 + sizeof(T)); here(); } };
OWN void lambdas(int a, int b)
{
	auto one = [](int n) OWN { leak(n, 51); here(); };
	auto two = [](int n) OWN { leak(n, 50); here(); };
	one(a);
	two(b);
	here();
}
OWN void member(int n) { struct L { OWN static void grow(int n) { leak(n, 61); here(); } }; L::grow(n); here(); }
OWN void member(long n) { struct L { OWN static void grow(int n) { leak(n, 60); here(); } }; L::grow((int)n); here(); }
OWN void blocks(int a, int b)
{
	{ struct L { OWN static void grow(int n) { leak(n, 71); here(); } }; L::grow(a); }
	{ struct L { OWN static void grow(int n) { leak(n, 70); here(); } }; L::grow(b); }
	here();
}
int main(int, char **argv)
{
	int n[14], *a = n;
	for (int i = 0; i < 14; i++)
		n[i] = atoi(argv[1 + i]);
	over(a[0]);
	over((long)a[1]);
	local(a[2], 'c');
	local(a[3], (short)0);
	inst<A>(a[4]);
	inst<B>(a[5]);
	Pool<A>::take(a[6]);
	Pool<B>::take(a[7]);
	lambdas(a[8], a[9]);
	member(a[10]);
	member((long)a[11]);
	blocks(a[12], a[13]);
	sink = 0;
	printf("%%d", n_leaked);
	return 0;
}
"""

# The names of the first and the second one, of gcc if compilers differ
KINDS = {
    "overloads": ("over(int)", "over(long)"),
    "static overloads": ("local(int, char)", "local(int, short)"),
    "instances": ("void inst<A>(int)", "void inst<B>(int)"),
    "members of instances": ("Pool<A>::take(int)", "Pool<B>::take(int)"),
    "lambdas": ("{lambda(int)#1}", "{lambda(int)#2}"),
    "members of local classes": ("member(int)::L::grow(int)", "member(long)::L::grow(int)"),
    "members of classes of one name": ("blocks(int, int)::L::grow(int)", "blocks(int, int)::L::grow[#2](int)"),
}
NAMES = list(KINDS)
N_SITES = 2 * len(NAMES)
LAMBDAS = NAMES.index("lambdas")
COMPILERS = [compiler for compiler in ("g++", "clang++") if shutil.which(compiler)]


def words_for(kind, first, second):
    """Arguments; of all kinds if that is None."""
    words = [0] * N_SITES
    if kind is None:
        return [first, second] * len(NAMES)
    words[2 * kind:2 * kind + 2] = first, second
    return words


class Builds(Bench):
    """Builds of PROGRAM, by compiler, optimization and lines that were moved."""
    def __init__(self, directory):
        super().__init__(directory)
        self.apps, self.traces = {}, {}

    def app(self, compiler, level, moved=False):
        key = compiler, level, moved
        if key not in self.apps:
            dwarf = ["-gdwarf-4"] * (compiler == "clang++")  # which Valgrind 3.19 can read
            self.apps[key] = self.build("app", f"rheaper-{compiler}", level, *dwarf, text=PROGRAM % ("\n" * 9 * moved))
        return self.apps[key]

    def of(self, build, kind, first, second):
        """The trace of a build in which a kind of namesakes leaks, which the program confirms."""
        key = build, kind, first, second
        if key not in self.traces:
            self.n += 1
            trace = self.path(f"t{self.n}.bin")
            words = map(str, words_for(kind, first, second))
            said = subprocess.run([self.app(*build), *words], env={**self.env, "RHEAPER_TRACE": trace, "RHEAPER_LEAK_SCAN": "1"},
                                  text=True, capture_output=True, check=True)
            assert said.stdout == str((first + second) * (len(NAMES) if kind is None else 1)), said
            self.traces[key] = trace
        return self.traces[key]


def test_the_leak_of_a_namesake_is_new(b):
    """Also if it is no larger than that of the other one, which is gone."""
    for compiler in COMPILERS:
        for level in "-O0", "-O2":
            build = compiler, level
            for kind, name in enumerate(NAMES):
                baseline = b.baseline(trace=b.of(build, kind, 3, 0))
                assert "0 findings; 1 call site leaks, 1 known" in b.check(0, "-b", baseline, b.of(build, kind, 3, 0)), name
                if kind == LAMBDAS and compiler == "clang++":
                    continue
                said = b.json(1, "-b", baseline, b.of(build, kind, 0, 3))
                assert len(said["findings"]) == 1 and said["findings"][0]["finding"] == "new-leak", (build, name, said)
                assert said["findings"][0]["now"]["leak_blocks"] == 3, said
                assert any("which is not there any more, and not at" in note and
                           note.endswith("if only parameters, template arguments or the order of lambdas changed,"
                                         " write the baseline again") for note in said["notes"]), (build, name, said["notes"])
                said = b.json(1, "-b", baseline, b.of(build, kind, 3, 2))
                assert said["known"] == 1 and said["findings"][0]["now"]["leak_blocks"] == 2, (build, name, said)


def stack_in_valgrind(b, app, words, finding):
    """Where it says that all those bytes are lost."""
    said = subprocess.run(["valgrind", "--leak-check=full", app, *map(str, words)], env=b.env, text=True, capture_output=True,
                          check=True).stderr
    lost = re.search(r"definitely lost: ([\d,]+) bytes in (\d+) blocks", said)
    assert lost and int(lost[1].replace(",", "")) == finding["now"]["leak_bytes"], said
    assert int(lost[2]) == finding["now"]["leak_blocks"], said
    return re.findall(r"by 0x\w+: (.*) \(program\.cpp:\d+\)", said)


def test_the_finding_names_the_namesake(b):
    """As Valgrind does, of the same program, but for the numbers of classes of one name."""
    for compiler in COMPILERS:
        build = compiler, "-O0"
        for kind, (first, second) in enumerate(KINDS.values()):
            if kind == LAMBDAS and compiler == "clang++":
                continue
            finding = b.json(1, "-b", b.baseline(trace=b.of(build, kind, 3, 0)), b.of(build, kind, 0, 3))["findings"][0]
            names = [frame["sym"] for frame in finding["frames"]]
            assert any(second in name for name in names), (compiler, second, names)
            assert not any(first in name for name in names), (compiler, first, names)
            if shutil.which("valgrind"):
                names = stack_in_valgrind(b, b.app(*build), words_for(kind, 0, 3), finding)
                assert any(second.replace("[#2]", "") in name for name in names), (compiler, second, names)
                assert "[#2]" in second or not any(first in name for name in names), (compiler, first, names)


def test_a_rebuild_has_nothing_new(b):
    """Other lines, another optimization and another compiler."""
    builds = [(compiler, level, moved) for compiler in COMPILERS for level in ("-O0", "-O2") for moved in (False, True)]
    for first in builds[::2]:
        baseline = b.baseline(trace=b.of(first, None, 3, 3))
        for second in builds[1::2]:
            said = b.check(0, "-b", baseline, b.of(second, None, 3, 3))
            assert f"0 findings; {N_SITES} call sites leak, {N_SITES} known, 0 improved" in said, (first, second, said)
            b.check(1, "-b", baseline, b.of(second, None, 3, 4))


LAMBDA = """
#include <stdlib.h>
static void *volatile sink;
int main()
{
	[] { sink = malloc(9); }();
	sink = 0;
	return 0;
}
"""


def test_lambdas_that_are_counted_through_a_file_are_told(b):
    """Another lambda anywhere in the file changes the numbers of clang, as another compiler does."""
    if "clang++" not in COMPILERS:
        raise tap.Skip("no clang++")
    build = "clang++", "-O0"
    said = b.check(0, "-b", b.baseline(trace=b.of(build, LAMBDAS, 3, 0)), b.of(build, LAMBDAS, 0, 3))
    assert re.search(r"note: app: the leak at leak.* \u2190 lambdas::\{lambda\}::operator\(\)\(int,int\)\(int\) const \$1 .*"
                     r" is taken for the one at leak.* \u2190 lambdas::\{lambda\}::operator\(\)\(int,int\)\(int\) const \$0 ", said), said
    b.check(1, "-b", b.baseline(trace=b.of(build, LAMBDAS, 3, 0)), b.of(build, LAMBDAS, 3, 1))
    traces = [b.trace(program=b.build("app", f"rheaper-{compiler}", text=LAMBDA)) for compiler in COMPILERS]
    for first, second in zip(traces, traces[::-1] if len(traces) == 2 else []):
        said = b.check(0, "-b", b.baseline(trace=first), second)
        assert ("note: 1 known leak is where stacks have lambdas that another compiler numbers in its own way; what other callers"
                " leak there counts as known, too\n") in said, said


def test_a_lambda_written_before_is_told(b):
    """gcc counts those of a function: the numbers of the later ones change."""
    if "g++" not in COMPILERS:
        raise tap.Skip("no g++")
    before = b.baseline(trace=b.of(("g++", "-O0"), LAMBDAS, 3, 0))
    text = PROGRAM.replace("\tauto one", "\tauto none = [](int n) { return n; };\n\tnone(0);\n\tauto one") % ""
    program = b.build("app", "rheaper-g++", "-O0", text=text)
    said = b.check(1, "-b", before, b.trace(*words_for(LAMBDAS, 3, 0), program=program, RHEAPER_LEAK_SCAN="1"))
    assert re.search(r"note: app: the baseline has a leak at leak.* \u2190 lambdas::\{lambda\}::operator\(\)\(int,int\)\(int\) const #1 .*"
                     r" and not at leak.* \u2190 lambdas::\{lambda\}::operator\(\)\(int,int\)\(int\) const #2 .*; if only parameters,", said), said


INLINED = """
#include <stdlib.h>
static void *volatile sink;
static inline __attribute__((always_inline)) void own(int n, char) { while (n-- > 0) sink = malloc(11); }
static inline __attribute__((always_inline)) void own(int n, short) { while (n-- > 0) sink = malloc(10); }
int main(int, char **argv)
{
	own(atoi(argv[1]), 'c');
	own(atoi(argv[2]), (short)0);
	sink = 0;
	return 0;
}
"""


def test_inlined_functions_of_one_name_are_told_apart(b):
    """gcc has no linkage names of such functions, but their parameters."""
    for compiler in COMPILERS:
        app = b.build("app", f"rheaper-{compiler}", "-O2", text=INLINED)
        baseline = b.baseline(trace=b.trace(3, 0, program=app))
        assert "not known" not in b.check(0, "-b", baseline, b.trace(3, 0, program=app))
        assert "own(int,short)" in b.check(1, "-b", baseline, b.trace(0, 3, program=app))


# Parameters of functions; of the last ones compilers write types in several ways
PARAMETERS = """int/const int/char/const char *//char *const */const char *const *volatile */short, unsigned short/long, unsigned long
long long, unsigned long long/__int128, unsigned __int128/float, double, long double/bool, wchar_t, char16_t, char32_t
signed char, unsigned char/int, .../size_t, FILE */std::string/const std::string &/std::string &&/std::vector<int> &
std::vector<std::string> &/E/F/S::In/S::Q/ns::Z */ns::H &/ns::V */C<F> */C<ns::Z> */C<C<int>> */C<S::In *> */C<bool> *
C<unsigned char> */C<std::nullptr_t> */T<E::B> */N<3> */C<long> */C<const char *> */C<ns::H> */ns::U */std::nullptr_t/void (*)(int)/int (&)[3]/int S::*"""
KNOWN, OTHERS = (lines.replace("\n", "/").split("/") for lines in PARAMETERS.rsplit("\n", 1))
TYPES = """
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <vector>
enum class E { A, B };
enum F { X };
template <E e> struct T {};
template <int n> struct N {};
template <class K> struct C {};
struct S { struct In {}; enum Q { q }; };
namespace ns { struct Z {}; typedef struct { int a; } U; inline namespace v2 { struct V {}; } namespace { struct H {}; } }
static void *volatile sink;
#define M(n) { if (malloc(n) == sink) abort(); }
namespace a { namespace { struct Members {
	HOW Members(int) M(500)
	HOW ~Members() M(501)
	HOW void plain(char) M(502)
	HOW void plain(char) const M(503)
	HOW void of() & M(504)
	HOW void of() && M(505)
	static HOW void of_class(Members *) M(506)
	HOW bool operator<(const Members &) { M(507) return false; }
	HOW void operator()(int, ...) const M(508)
	struct Inner { HOW void operator+=(Inner) M(509) };
	HOW operator int() const { M(510) return 0; }
	template <class K> HOW void any(K) M(511)
	HOW void valued() volatile M(512)
	HOW void valued() const volatile M(513)
	HOW void of() const && M(514)
}; } }
alignas(64) static char some[640];
template <class A> A &&get() { return static_cast<A &&>(*(typename std::remove_reference<A>::type *)sink); }
"""
MAIN = """int main()
{
	sink = some;
	new (sink) std::string;
	{
		a::Members m(1);
		const a::Members &c = m;
		m.plain('c'), c.plain('c');
		m.of(), ((a::Members &&)m).of(), ((const a::Members &&)m).of();
		((volatile a::Members &)m).valued(), ((const volatile a::Members &)m).valued();
		m.of_class(&m);
		sink = m < m ? 0 : some;
		c(1, 2);
		a::Members::Inner() += a::Members::Inner();
		sink = c + 1 ? some : 0;
		m.any(1);
	}
"""
OF_MEMBERS = range(500, 515)
UNNAMED_MEMBERS = {510: "operator int", 511: "any<int>"}


def functions(how):
    """A program with a function of each kind, which leaks a number of bytes of its own."""
    text, calls = TYPES, ""
    for place in "namespace a { namespace {", "static":
        for parameters in KNOWN + OTHERS:
            name = f"f{calls.count(';')}"
            words = "".join(f"get<{word.strip()}>(), " for word in re.split(r", (?![^<(]*[>)])", parameters) if word not in ("", "..."))
            text += f"{place} {how} void {name}({parameters}) {{ if (malloc({1000 + calls.count(';')}) == sink) abort(); }}"
            text += " } }\n" if "{" in place else "\n"
            calls += f"\t{'a::' if '{' in place else ''}{name}({words.strip(', ')});\n"
    return text.replace("HOW", how) + MAIN + calls + "\treturn 0;\n}\n"


def names_by_size(b, how, *flags):
    """What the function that allocates a block is called, by its size."""
    app = b.build("app", "rheaper-g++", "-fno-builtin", "-w", *flags, text=functions(how))
    with sqlite3.connect(b.load(b.trace(program=app))) as db:
        return dict(db.execute("SELECT size, function FROM allocations JOIN stack_frames ON stack = bt JOIN frames USING (frame)"
                               " WHERE size >= 500 AND frame_no = (SELECT min(frame_no) FROM stack_frames JOIN frames USING (frame)"
                               " WHERE stack = bt AND file LIKE '%program.cpp') AND (size < 515 OR size >= 1000)"))


def test_parameters_of_inlined_functions_are_those_of_linkage_names(b):
    """Where compilers write a type in several ways there is no name with parameters."""
    if "g++" not in COMPILERS:
        raise tap.Skip("no g++")
    called = names_by_size(b, "__attribute__((noinline))", "-O0")
    n = len(KNOWN + OTHERS)
    for standard in "-std=gnu++11", "-std=gnu++20":
        inlined = names_by_size(b, "inline __attribute__((always_inline))", "-O2", standard)
        assert set(inlined) == set(called) == {*OF_MEMBERS, *range(1000, 1000 + 2 * n)}, inlined
        for size, name in inlined.items():
            is_known = size not in UNNAMED_MEMBERS if size < 1000 else (size - 1000) % n < len(KNOWN)
            bare = UNNAMED_MEMBERS.get(size) or re.sub(r".*(f\d+)\(.*", r"\1", called[size])
            assert name == (called[size] if is_known else bare), (size, name, called[size])


def test_names_without_parameters_are_told(b):
    """Those of D, and Rust's legacy ones where debug information does not complete them."""
    program = b.build("app", "rheaper-gcc", text=TWO_WAYS)
    of_c = b.load(b.trace(3, 0, program=program))
    told = "where stacks have functions whose parameters are not known;"
    rust = "UPDATE frames SET file = replace(file, 'program.c', 'program.rs')"
    for known in (of_c, b.change(of_c, f"{rust}; UPDATE frames SET function = 'std::rt::lang_start_internal::{{{{closure}}}}' WHERE function = 'main'")):
        assert told not in b.check(0, "-b", b.baseline(trace=known), known)
    for change, amount in (("UPDATE frames SET file = replace(file, 'program.c', 'program.d')", "2 known leaks are"),
                           ("UPDATE frames SET function = 'a::main::{{closure}}', file = 'a.rs' WHERE function = 'from_a'", "1 known leak is"),
                           ("UPDATE frames SET function = 'a::grow::h0123456789abcdef', file = 'a.rs' WHERE function = 'from_a'",
                            "1 known leak is"),
                           (f"{rust}; UPDATE frames SET function = 'std::rt::lang_start::{{{{closure}}}}' WHERE function = 'main'",
                            "2 known leaks are")):
        changed = b.change(of_c, change)
        said = b.check(0, "-b", b.baseline(trace=changed), changed)
        assert f"note: {amount} {told}" in said, (change, said)


def test_inlined_functions_without_parameters_are_told(b):
    """At -g1 debug information has no parameters."""
    told = ("note: 1 known leak is where stacks have functions whose parameters are not known; what other callers leak there"
            " counts as known, too\n")
    for compiler in COMPILERS:
        app = b.build("app", f"rheaper-{compiler}", "-O2", "-g1", text=INLINED)
        baseline = b.baseline(trace=b.trace(3, 0, program=app))
        assert told in b.check(0, "-b", baseline, b.trace(0, 3, program=app))
        b.check(1, "-b", baseline, b.trace(3, 1, program=app))


def test_amounts_of_sites_follow_namesakes(b):
    for compiler in COMPILERS:
        build, growth = (compiler, "-O0"), "--max-growth=site-allocations=0"
        baseline = b.baseline(growth, trace=b.of(build, 0, 2, 2))
        b.check(0, "-b", baseline, growth, b.of((compiler, "-O2"), 0, 2, 2))
        said = b.check(1, "-b", baseline, growth, "--max-growth=leak-blocks=99", "--max-growth=leak-bytes=99", b.of(build, 0, 1, 3))
        assert "growth: app: allocations 3 (the baseline has 2" in said or "site-allocations 3" in said, said


def as_version_2(baseline):
    """What it has of processes is gone, and with it the paragraphs of programs."""
    text, n = re.subn(r"program .*\n\tprocesses \d+\n\n", "", read(baseline))
    assert n == 1, text
    return text.replace("baseline 3", "baseline 2")


def test_an_older_baseline_is_still_read(b):
    """It has no parameters, and says so; of C there are none."""
    trace = b.of((COMPILERS[0], "-O0"), 0, 3, 0)
    baseline = b.baseline(trace=trace)
    assert "\tat over\tprogram.cpp\t(int)\n\tat main\tprogram.cpp\n" in read(baseline), read(baseline)
    old = b.file("old.txt", re.sub(r"(\tat [^\t\n]+\t[^\t\n]+)\t.*", r"\1", as_version_2(baseline)))
    other = b.of((COMPILERS[0], "-O0"), 0, 0, 3)
    assert ("note: the baseline is of version 2, without parameters: what other overloads, template instances and lambdas leak"
            " counts as known, too; --write-baseline writes one that has them\n") in b.check(0, "-b", old, other)
    assert "version 2" not in b.check(1, "-b", baseline, other)
    before = read(old)
    b.check(0, "-b", old, "--update-baseline", trace)
    assert read(old) == before
    of_c = b.file("c.txt", as_version_2(b.baseline()))
    assert "version 2" not in b.check(0, "-b", of_c, b.trace(2, 1))


tap.run(globals(), Builds)
