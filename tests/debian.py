# SPDX-License-Identifier: MIT
"""Source packages of Debian's, and how their programs are built and run in tests."""
import fcntl
import glob
import os
import re
import shutil
import subprocess


class Unavailable(Exception):
    """The sources cannot be had here, with the reason."""


def run(command, **more):
    return subprocess.run(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1200, **more)


def environment(**more):
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("RHEAPER_", "LD_", "MALLOC_", "GLIBC_", "MAKE", "MFLAGS"))}
    env.update(more, LC_ALL="C")
    return env


def apt_options(cache):
    """apt with lists of its own: the system's are neither needed nor touched."""
    for part in "parts", "lists/partial", "archives/partial":
        os.makedirs(os.path.join(cache, part), exist_ok=True)
    for path in glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*"):
        if not path.endswith((".list", ".sources")):
            continue
        text = open(path).read()
        text = re.sub(r"^Types:.*", "Types: deb-src", text, flags=re.M)
        text = re.sub(r"^deb\s", "deb-src ", text, flags=re.M)
        with open(os.path.join(cache, "parts", os.path.basename(path)), "w") as out:
            out.write(text)
    return ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={cache}/parts",
            "-o", f"Dir::State::Lists={cache}/lists", "-o", f"Dir::Cache={cache}",
            "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]


def fetch(cache, package):
    """The path of the package's .dsc file. CACHE keeps downloads from run to run."""
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = glob.glob(os.path.join(cache, package + "_*.dsc"))
        if found:
            return found[0]
        if not shutil.which("apt-get") or not shutil.which("dpkg-source"):
            raise Unavailable("no apt-get and dpkg-source to fetch source packages with")
        options = apt_options(cache)
        if not glob.glob(os.path.join(cache, "lists", "*Sources*")):
            run(["apt-get", *options, "update"])
        result = run(["apt-get", *options, "source", "--download-only", package], cwd=cache)
        if result.returncode != 0:
            for name in glob.glob(os.path.join(cache, package + "_*")):
                os.remove(name)
            raise Unavailable(f"cannot fetch the source of {package}: {result.stdout[-500:]}")
    return glob.glob(os.path.join(cache, package + "_*.dsc"))[0]
