# SPDX-License-Identifier: MIT
"""The programs of check-real.py, by the name of their source package.

build     shell scripts, run in the build directory; CC, CXX and SOURCE are set
check     the program's own tests
same      lines of their output that must be the same; the noise of a run is not there
install   DESTDIR is set
sees      functions that must be in a stack of an allocation, and their file
in-tree   the program can be built in its source directory only
flags     options of dpkg-buildflags: with the flags that Debian builds with
needs     programs that the build needs; make if not given
package   the name of the source package, if it is not that of the row
failures  why some of its own tests fail with any compiler
explained {reason of a loss: why it is none}
nightly   not by default: it takes long

As a program, prints a line for each: name and suite.
"""

AUTOTOOLS_TALLY = r"^# (?:TOTAL|PASS|SKIP|XFAIL|FAIL|XPASS|ERROR): .*$"

GAWK = {
    "package": "gawk",
    # Debian leaves the manual's sources out, and touches what is made of them
    "build": ["mkdir -p $SOURCE/doc && cd $SOURCE/doc && touch -d 2000-01-01 sidebar.awk"
              " gawktexi.in gawk.texi gawk.info gawkinet.texi gawkinet.info"
              " gawkworkflow.texi gawkworkflow.info pm-gawk.texi pm-gawk.info",
              "$SOURCE/configure --disable-nls", "make -j2"],
    "install": "make install",
    "sees": [("read_elem", "rwarray.so"), ("dir_take_control_of", "readdir.so"),
             ("r_interpret", "gawk")],
}

PROGRAMS = {
    # Autotools, gnulib; plug-ins made by libtool, loaded with dlopen: their own tests
    "gawk": {
        **GAWK,
        # One measures how long a sleep takes, and a busy machine fails it
        "check": "make -C test unix-tests shlib-tests; rm -f test/_time;"
                 " (cd test && ls -d _* || :); make -C test pass-fail",
        "same": r"^(?:ALL TESTS PASSED|\d+ TESTS? .*|_\w+|[a-z]+\d?)$",
    },
    # All its tests
    "gawk-all": {
        **GAWK,
        "check": "make check || failed=1; ls test; exit $failed",
        "same": r"^(?:ALL TESTS PASSED|\d+ TESTS? .*|_\w+)$",
        "failures": "tests that need locales which are seldom installed",
        "nightly": True,
    },
    # Autotools, libtool libraries, Debian's flags with link-time optimization
    "popt": {
        "flags": "hardening=+all optimize=+lto",
        "build": ["$SOURCE/configure --disable-nls", "make -j2"],
        "check": "make check",
        "same": AUTOTOOLS_TALLY,
        "install": "make install",
        "sees": [("poptGetContext", "libpopt.so%")],
    },
    "libtasn1-6": {
        # It would run its tests under Valgrind where that is there (docs/reference/limits.md)
        "build": ["$SOURCE/configure --disable-doc --disable-valgrind-tests", "make -j2"],
        "check": "make -j2 check",
        "same": AUTOTOOLS_TALLY,
        "install": "make install",
        "sees": [("asn1_array2tree", "libtasn1.so%")],
        "nightly": True,
    },
    "gperf": {
        "build": ["$SOURCE/configure", "make -j2"],
        "check": "make check",
        "same": r"^diff .*$",
        "install": "make install",
        "sees": [("main", "gperf")],
    },
    # C++, static, link-time optimization
    "gperf-static": {
        "package": "gperf",
        "environment": {"LDFLAGS": "-static -flto=auto", "CXXFLAGS": "-O2 -flto=auto"},
        "build": ["$SOURCE/configure", "make -j2"],
        "check": "make check",
        "same": r"^diff .*$",
        "install": "make install",
        "sees": [("main", "gperf")],
    },
    "cjson": {
        "needs": ["cmake", "ninja"],
        "build": ["cmake -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DENABLE_CJSON_UTILS=ON"
                  " -DCMAKE_POLICY_VERSION_MINIMUM=3.5 $SOURCE",  # which CMake 4 asks for
                  "ninja"],
        "check": "ctest -j2",
        "same": r"^.*tests passed.*$",
        "install": "ninja install",
        "sees": [("cJSON_New_Item", "libcjson.so%")],
    },
    # C++, Meson, a shared library
    "libjsoncpp": {
        "needs": ["meson"],
        "build": ["meson setup . $SOURCE", "ninja"],
        # The third starts hundreds of processes that do the same
        "check": "meson test unittest_jsoncpp_test unittest_jsontestrunner",
        "same": r"^(?:Ok|Fail|Expected Fail):.*$",
        "install": "meson install",
        "sees": [("main", "jsoncpp_test")],
    },
    # Meson, a shared library; millions of events
    "fribidi": {
        "needs": ["meson"],
        "build": ["meson setup -Ddocs=false . $SOURCE", "ninja"],
        "check": "meson test",
        "same": r"^(?:Ok|Fail|Expected Fail):.*$",
        "install": "meson install",
        "sees": [("main", "fribidi")],
    },
    "zlib": {
        "build": ["$SOURCE/configure", "make -j2"],
        "check": "make check",
        "same": r"^.*\*\*\*.*$",
        "install": "make install",
        "sees": [("deflateInit2_", "libz.so%")],
    },
    "lz4": {
        "in-tree": True, "unconfigured": True,
        "build": ["make -j2", "make -j2 -C tests lz4 datagen"],
        "check": "make -C tests test-lz4-basic",
        # Without the numbers: a file that it must fail to decode has its bytes or none, for one
        # thread ends the program while another one writes it
        "same": r"^.*decoded(?=.*bytes)",
        "install": "make install",
        "sees": [("main", "lz4")],
    },
    # A script that builds, a static program
    "mksh": {
        "environment": {"LDFLAGS": "-static"}, "unconfigured": True,
        "build": ["sh $SOURCE/Build.sh -r"],
        "check": "./test.sh -C regress:no-ctty ${RHEAPER_TRACE:+-e RHEAPER_TRACE}",
        "same": r"^(?:pass|FAIL|Total).*$",
        "install": "install -D mksh $DESTDIR/usr/bin/mksh",
        "sees": [("aresize", "mksh")],
        "nightly": True,
    },
    # Plain make; a static allocator of its own (jemalloc), configured on the way, which
    # it asks by its own names (je_malloc): zmalloc and its like. Lua and hiredis ask for
    # malloc.
    "redis": {
        "in-tree": True, "needs": ["make", "tclsh"],
        "environment": {"TERM": "dumb"},
        "build": ["make -j2 MALLOC=jemalloc"],
        "check": "./runtest --single unit/type/list --single unit/scripting",
        "same": r"^\[(?:ok|err|exception)\]: .*?(?= \(\d+ ms\)|$)",
        "install": "make install PREFIX=$DESTDIR",
        "sees": [("zmalloc", "redis-server"), ("luaM_realloc_", "redis-server"),
                 ("main", "redis-server")],
        "nightly": True,
    },
}

if __name__ == "__main__":
    for name, row in PROGRAMS.items():
        print(name, "nightly" if row.get("nightly") else "real")
