# SPDX-License-Identifier: MIT
"""The real programs of the benchmark: an interpreter, a JSON tool, an assembler; and in C++
another JSON tool and a build tool. Their
sources come from Debian, once into a cache; each is built with `CC=... CXX=...` and
nothing else, and does work that allocates much."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
import debian

CACHE = os.path.join(tempfile.gettempdir(), f"rheaper-bench-sources-{os.getuid()}")

LUA_WORK = """
local words = {}
for round = 1, 12 do
  local lines = {}
  for i = 1, 60000 do
    local word = string.format("w%d", i * 7919 % 10007)
    words[word] = (words[word] or 0) + 1
    lines[#lines + 1] = { text = word .. tostring(i), n = i }
  end
  table.sort(lines, function(a, b) return a.text < b.text end)
end
print(words.w1)
"""


def unpack(package, tree):
    """Unpacks a package's sources into a directory that is not there."""
    os.makedirs(CACHE, mode=0o700, exist_ok=True)
    dsc = debian.fetch(CACHE, package)
    subprocess.run(["dpkg-source", "--no-check", "--skip-patches", "-x", dsc, tree], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def in_cxx(driver):
    """cc or rheaper-cc, perhaps with words behind it, and its sister for C++."""
    compiler, *words = driver.split()
    return " ".join([compiler[:-2] + "c++", *words])


class Program:
    """package: Debian's; steps: shell commands, with CC and CXX set; binary: what they make;
    arguments: of a run, where @dir is the benchmark's directory and @src the sources';
    files: what else a run needs, by name."""

    def __init__(self, package, steps, binary, arguments, files=None):
        self.package, self.steps, self.binary = package, steps, binary
        self.arguments, self.files = arguments, files or {}

    def build(self, tree, driver, out):
        unpack(self.package, tree)
        for step in self.steps:
            subprocess.run(step, shell=True, cwd=tree, check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={**os.environ, "CC": driver, "CXX": in_cxx(driver)})
        shutil.copy(os.path.join(tree, self.binary), out)
        for name, make in self.files.items():
            with open(os.path.join(os.path.dirname(out), name), "w") as file:
                file.write(make())

    def command(self, program, directory):
        return [program] + [word.replace("@dir", directory).replace("@src", program + ".src")
                            for word in self.arguments]


def records(n=240000):
    return json.dumps([{"id": i, "name": f"name {i * 7919 % 10007}", "tags": ["a", "b", str(i)],
                        "nested": {"x": i / 3, "y": [i, i + 1]}} for i in range(n)])


def assembly():
    """An assembler's input: labels, expressions, macros."""
    lines = ["%macro put 2", "  mov eax, %1 + %2 * 3", "  mov [table + %2], eax", "%endmacro",
             "section .text"]
    for i in range(30000):
        lines += [f"label{i}:", f"  add eax, (label{i} - label{i // 2}) + {i} * 2",
                  f"  put {i}, {i % 97}", f"  jne near label{i * 7919 % 30000}"]
    return "\n".join(lines + ["section .bss", "table: resd 200", ""])


def targets():
    """A build tool's input: 60,000 commands, each of which needs three others."""
    lines = ["rule cc", "  command = cc $flags -c $in -o $out", "  description = CC $out"]
    for i in range(60000):
        lines += [f"build out/{i}.o: cc in/{i}.c | out/{i // 2}.h out/{i // 3}.h",
                  f"  flags = -O{i % 4} -DNAME=name{i}"]
    return "\n".join(lines + ["build all: phony " + " ".join(f"out/{i}.o" for i in range(60000)), ""])


PROGRAMS = {
    "lua5.4": Program("lua5.4", ['make -j2 linux CC="$CC -std=gnu99"'], "src/lua",
                      ["@dir/work.lua"], {"work.lua": lambda: LUA_WORK}),
    "json-c": Program("json-c", ["cmake -DBUILD_SHARED_LIBS=OFF -DCMAKE_BUILD_TYPE=Release"
                                 " -DDISABLE_WERROR=ON .", "make -j2 json_parse"],
                      "apps/json_parse", ["-f", "-n", "@dir/work.json"],
                      {"work.json": records}),
    "nasm": Program("nasm", ["./configure", "make -j2 nasm"], "nasm",
                    ["-f", "elf32", "-o", "@dir/out/work.o", "@dir/work.asm"],
                    {"work.asm": assembly}),
    "jsoncpp": Program("libjsoncpp", ["cmake -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF"
                                      " -DJSONCPP_WITH_POST_BUILD_UNITTEST=OFF -S . -B out",
                                      "make -C out -j2 jsontestrunner_exe"],
                       "out/bin/jsontestrunner_exe", ["@dir/work.json"],
                       {"work.json": lambda: records(24000)}),
    "ninja": Program("ninja-build", ["cmake -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF .",
                                     "make -j2 ninja"],
                     "ninja", ["-n", "-f", "@dir/work.ninja", "-t", "query", "out/7.o"],
                     {"work.ninja": targets}),
}
