# SPDX-License-Identifier: MIT
"""The table of languages, hosts of plug-ins and others: how each is built with the driver, and
what its program says that it allocates. docs/reference/languages.md says what was run.

Commands are for the shell, in a directory with a copy of the files beside this one. {cc} is
rheaper-gcc, {bin} the directory of the drivers, {plug} rheaper-gcc for plug-ins, {host} a
plain program that opens a library and calls work_here() in it.
"""
import collections

# `needs`: commands, programs of gcc's and files, as the shell expands them, without which the
# row is skipped; `kept`: blocks that its own ledger calls leaked; `where`: a function that
# their stacks go through, as it is shown; `ending`: of the blocks that are not kept
Row = collections.namedtuple("Row", "name needs build run kept where ending",
                             defaults=(3, "work", "freed"))

PLUG = "{cc} -g -fPIC -shared --rheaper-shared"
PYTHON = "/usr/bin/python3-config"

PROGRAMS = [
    Row("OCaml", ["ocamlopt"], "ocamlopt -g -cc {cc} program.ml -o program", "./program",
        where="camlProgram__work_"),
    Row("D, LDC", ["ldc2"], "ldc2 -g --gcc={cc} program.d -of=program", "./program",
        where="program.work"),
    Row("D, GDC", ["gdc"], "gdc -g -c program.d -o program.o &&"
        " RHEAPER_REAL_CC=gdc {bin}/rheaper-cc program.o -o program", "./program",
        where="program.work"),
    Row("Nim", ["nim"], "nim c --mm:orc --hints:off -d:useMalloc --debugger:native --nimcache:cache --gcc.path:{bin}"
        " --gcc.exe:rheaper-gcc --gcc.linkerexe:rheaper-gcc -o:program program.nim", "./program"),
    Row("Vala", ["valac"], "valac -g --cc={cc} program.vala -o program", "./program"),
    Row("Chicken", ["csc"], "csc -cc {cc} -ld {cc} -C -g program.scm -o program", "./program",
        where="f_"),
    Row("Gambit", ["gsc"], "ln -s {cc} gcc && PATH=$PWD:$PATH gsc -exe -o program gambit.scm", "./program",
        where="gambit"),
    Row("Haskell", ["ghc"], "ghc -g -pgmc {cc} -pgml {cc} -optl-no-pie -o program Main.hs", "./program",
        where="mallocBytes"),
    Row("Cython", ["cython3", PYTHON], "cython3 --embed -3 program.pyx &&"
        " {cc} -g program.c -o program $({python} --cflags --ldflags --embed)", "./program"),
    Row("Zig", ["zig"], "zig build-obj -lc program.zig && {cc} program.o -o program", "./program"),
    Row("Objective-C", ["cc1obj"], "{cc} -g -std=gnu11 program.m -o program -lobjc", "./program"),
    Row("Free Pascal", ["fpc"], "fpc -g -oprogram program.pas $({cc} --rheaper-show=link | tr ' ' '\\n' |"
        " sed 's/^-Wl,//' | tr ',' '\\n' | sed 's/^/-k/')", "./program", where="CMEM_"),
]

PLUGINS = [
    Row("Python", [PYTHON], "{plug} $({python} --includes) python.c -o plug.so",
        "/usr/bin/python3 -c 'import plug; plug.work()'"),
    Row("Perl", ["xsubpp", "$(perl -MConfig -e 'print $Config{{archlibexp}}')/CORE/perl.h"],
        "xsubpp -noprototypes Plug.xs >perl.c && {plug} $(perl -MExtUtils::Embed -e ccopts) perl.c"
        " -DVERSION='\"1\"' -DXS_VERSION='\"1\"' -o Plug.so",
        "perl plug.pl"),
    Row("Ruby", ["ruby", "$(ruby -rrbconfig -e 'print RbConfig::CONFIG[%q(rubyhdrdir)]')/ruby.h"],
        "{plug} $(ruby -rrbconfig -e 'c = RbConfig::CONFIG; print"
        " \"-I#{{c[%q(rubyhdrdir)]}} -I#{{c[%q(rubyarchhdrdir)]}}\"') ruby.c -o plug.so",
        "ruby -e 'require \"./plug\"; work'"),
    Row("R", ["R"], "{plug} r.c -o plug.so",
        "R --vanilla -s -e 'dyn.load(\"./plug.so\"); invisible(.C(\"call_work\", 1L))'", where="call_work"),
    Row("Lua", ["lua5.4", "/usr/include/lua5.4/lauxlib.h"],
        "{plug} $(pkg-config --cflags lua5.4) lua.c -o plug.so",
        "lua5.4 -e 'package.cpath = \"./?.so\"; require(\"plug\")()'"),
    Row("Node", ["node", "/usr/include/node/node_api.h"], "{plug} -I/usr/include/node node.c -o plug.node",
        "node -e 'require(\"./plug.node\").work()'"),
    Row("JNI", ["javac"], "javac -d . Plug.java && home=$(dirname $(dirname $(readlink -f $(command -v javac)))) &&"
        " {plug} -I$home/include -I$home/include/linux jni.c -o libplug.so",
        "java -cp . Plug $PWD/libplug.so"),
    Row("PostgreSQL", ["setpriv", "pg_config", "$(pg_config --bindir)/initdb",
                       "$(pg_config --includedir-server)/postgres.h"],
        "{plug} -I$(pg_config --includedir-server) postgres.c -o plug.so",
        "./postgres.sh $PWD/plug.so"),
    Row("written in Nim", ["nim"], "nim c --mm:orc --app:lib --hints:off -d:useMalloc --debugger:native --nimcache:cache"
        " --gcc.path:{bin} --gcc.exe:rheaper-gcc --gcc.linkerexe:rheaper-gcc --passL:--rheaper-shared"
        " -o:plug.so plug.nim", "{host} ./plug.so"),
    Row("written in D", ["ldc2"], "ldc2 -g -shared --gcc={cc} -Xcc=--rheaper-shared plug.d -of=plug.so",
        "{host} ./plug.so", where="work_here"),
    Row("written in Rust", ["rustc"], "rustc -g --crate-type=cdylib -C linker={cc} -C link-arg=--rheaper-shared"
        " plug.rs -o plug.so", "{host} ./plug.so", where="work_here"),
    Row("written in Go", ["go"], "GOCACHE=$PWD/cache go build -buildmode=c-shared -ldflags"
        " '-extld={cc} -extldflags=--rheaper-shared' -o plug.so plug.go", "{host} ./plug.so", where="_Cmalloc"),
    Row("written in Fortran", ["gfortran"], "{bin}/rheaper-gfortran -g -fPIC -shared --rheaper-shared plug.f90"
        " -o plug.so", "{host} ./plug.so", where="work_here"),
]

OTHERS = [
    Row("OpenMP", ["gcc"], "{cc} -g -fopenmp openmp.c -o program", "./program", where="main"),
    Row("Open MPI", ["mpicc.openmpi", "mpirun.openmpi"], "OMPI_CC={cc} mpicc.openmpi -g mpi.c -o program",
        "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
        " mpirun.openmpi --oversubscribe -n 2 ./program"),
    Row("split stacks", ["gcc"], "{cc} -g -fsplit-stack split.c -o program -pthread", "./program"),
    Row("the collector of Boehm", ["/usr/include/gc/gc.h"], "{cc} -g collected.c -o program -lgc", "./program",
        kept=0, ending="collected"),
]
