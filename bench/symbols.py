#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast addresses become functions and lines, and how right.

usage: bench/symbols.py BUILD-DIRECTORY [--addresses N] [--sample N] [--units N]
                        [--program FILE] [--differences N]

Makes a large C++ program (templates, inlined deeply, -O2 -g), unless one is named, and
asks rheaper-load's code for N addresses spread evenly over its functions, and for a sample
of them llvm-symbolizer, eu-addr2line and addr2line, as far as they are there: seconds of
user and system time. The answers for the sample are compared with theirs: chains of inlined
functions, lines, files and names. Nothing here fails on a time.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
import symbolizers

UNIT = """
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
namespace unit@ {
struct Key { int a; std::string b; bool operator<(const Key &o) const {
	return a < o.a || (a == o.a && b < o.b); } bool operator==(const Key &o) const = default; };
struct Hash { size_t operator()(const Key &k) const { return std::hash<std::string>()(k.b) + k.a; } };
struct Traits : std::regex_traits<char> {};
template <int N> struct Step {
	static int run(std::map<Key, std::vector<Key>> &m, std::unordered_map<Key, int, Hash> &u, int x)
	{
		std::vector<Key> keys;
		for (int i = 0; i < x; i++)
			keys.push_back(Key{i * N, std::to_string(i ^ N)});
		std::sort(keys.begin(), keys.end(), [](const Key &l, const Key &r) {
			return l.b < r.b || (l.b == r.b && l.a < r.a + N); });
		for (auto &k : keys) {
			m[k].push_back(k);
			u[k] += N;
		}
		auto found = std::find_if(keys.begin(), keys.end(), [&](const Key &k) {
			return u[k] > N && m.count(k); });
		std::function<int(int)> f = [&, found](int y) {
			return found == keys.end() ? y : (int)m[*found].size() + y; };
		return f(N) + Step<N - 1>::run(m, u, x);
	}
};
template <> struct Step<0> {
	static int run(std::map<Key, std::vector<Key>> &, std::unordered_map<Key, int, Hash> &, int x)
	{
		return x;
	}
};
int go(const std::string &text)
{
	std::map<Key, std::vector<Key>> m;
	std::unordered_map<Key, int, Hash> u;
	std::basic_regex<char, Traits> r("(a|b)*c[0-9]+");
	std::match_results<std::string::const_iterator> match;
	std::ostringstream out;
	out << std::regex_search(text, match, r) << Step<12>::run(m, u, (int)text.size());
	return (int)out.str().size();
}
}
"""


def build_program(directory, n_units):
    """The program, made once."""
    program = os.path.join(directory, f"large-{n_units}")
    if os.path.exists(program):
        return program
    os.makedirs(directory, exist_ok=True)

    def compile_unit(i):
        source, object_ = (os.path.join(directory, f"u{i}.{end}") for end in ("cpp", "o"))
        with open(source, "w") as out:
            out.write(UNIT.replace("@", str(i)))
        subprocess.run(["g++", "-std=c++20", "-O2", "-g", "-c", source, "-o", object_], check=True)
        return object_

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_unit, range(n_units)))
    with open(os.path.join(directory, "main.cpp"), "w") as out:
        out.write("#include <string>\n")
        for i in range(n_units):
            out.write(f"namespace unit{i} {{ int go(const std::string &); }}\n")
        calls = " + ".join(f"unit{i}::go(v[0])" for i in range(n_units))
        out.write(f"int main(int, char **v) {{ return {calls}; }}\n")
    subprocess.run(["g++", "-O2", "-g", out.name, *objects, "-o", program], check=True)
    for object_ in objects:
        os.remove(object_)
    return program


def compare(ours, theirs, n_shown):
    """How many answers differ, by what."""
    kinds = dict.fromkeys(symbolizers.KINDS, 0)
    for address, frames in theirs.items():
        kind = symbolizers.difference(ours[address], frames)
        if kind:
            kinds[kind] += 1
            if kinds[kind] <= n_shown:
                print(f"  {kind} at 0x{address:x}\n    ours   {ours[address]}\n"
                      f"    theirs {frames}")
    return ", ".join(f"{n} {kind}" for kind, n in kinds.items())


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("build")
    parser.add_argument("--addresses", type=int, default=100000)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--program")
    parser.add_argument("--differences", type=int, default=0, help="shown of each kind")
    o = parser.parse_args()
    subprocess.run(["ninja", "-C", o.build, "tests/symbols-at"], check=True,
                   stdout=subprocess.DEVNULL)
    program = o.program or build_program(os.path.join(o.build, "bench-symbols.d"), o.units)
    program = os.path.realpath(program)
    addresses = symbolizers.choose_addresses(program, o.addresses)
    print(f"{program}: {os.path.getsize(program) / 1e6:.0f} MB, {len(addresses)} addresses")
    ours, _, said = symbolizers.ask([os.path.join(o.build, "tests/symbols-at"), program],
                                    addresses)
    print(f"rheaper         {said.strip()} s to open, to find: {sum(map(len, ours.values()))}"
          " functions")
    sample = addresses[::max(1, len(addresses) // o.sample)]
    for name, command in symbolizers.judges(program):
        theirs, seconds, _ = symbolizers.ask(command, sample)
        print(f"{name:15} {seconds:.2f} s for {len(sample)} addresses; answers that differ: "
              + compare(ours, theirs, o.differences))


if __name__ == "__main__":
    main()
