# SPDX-License-Identifier: MIT
"""Runtimes that were changed to be wrong: archives for the driver, in which an object is
compiled from a changed source by the very command that the build has for it."""
import json
import os
import shlex
import shutil
import subprocess

from rows import BINDIR, ROOT

BUILD = os.path.dirname(BINDIR)
UNITS_OF = {"wrap/core-shims.h": ("wrap/core.c",),
            "runtime/stream-event.h": ("runtime/record.c", "runtime/stream.c")}


def units(archive):
    """The sources of an archive."""
    prefix = f"wrap/lib{archive}.a.p/"
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        sources = [os.path.normpath(os.path.join(c["directory"], c["file"]))
                   for c in json.load(file) if os.path.normpath(c["output"]).startswith(prefix)]
    return [os.path.relpath(os.path.realpath(source), os.path.realpath(ROOT)) for source in sources]


def compile_command(unit, archive="rheaper"):
    """Directory, words of the command without source and output, and the object's name,
    of a source (wrap/NAME.c, runtime/NAME.c) of an archive. Meson puts ccache before the
    compiler where it is installed; ccache keeps the object only (4.7), so of a unit that it
    knows no file comes that a further option asks for."""
    name = os.path.basename(unit) if unit.startswith("wrap/") else "../" + unit
    output = f"wrap/lib{archive}.a.p/{name.replace('/', '_')}.o"
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        found = [c for c in json.load(file) if os.path.normpath(c["output"]) == output]
    assert len(found) == 1, (unit, output, len(found))
    words, kept = shlex.split(found[0]["command"]), []
    while words:
        word = words.pop(0)
        if word in ("-o", "-MQ", "-MF"):
            words.pop(0)
        elif word not in ("-c", "-MD", found[0]["file"]):
            kept.append(word)
    if os.path.basename(kept[0]) == "ccache":
        kept.pop(0)
    return found[0]["directory"], kept, os.path.basename(output)


def mutant(b, name, path, *changes):
    """A directory of archives, as RHEAPER_HOME, in which the text of a file is changed so;
    each (old, new) must be found."""
    home = b.path("home-" + name)
    with open(os.path.join(ROOT, path)) as file:
        text = file.read()
    for old, new in changes:
        assert text.count(old) >= 1, f"{path} has no longer: {old}"
        text = text.replace(old, new, 1)
    os.makedirs(os.path.join(home, os.path.dirname(path)))
    b.file(os.path.join(home, path), text)
    for entry in os.listdir(os.path.join(BUILD, "wrap")):
        if entry.startswith("librheaper") and entry.endswith(".a"):
            link = os.path.join(home, entry)
            os.symlink(os.path.join(BUILD, "wrap", entry), link)
            os.symlink(entry, link[:-2] + ".ar")
    archive = os.path.join(home, "librheaper.a")
    os.remove(archive)
    shutil.copy(os.path.join(BUILD, "wrap", "librheaper.a"), archive)
    for unit in UNITS_OF.get(path, (path,)):
        directory, words, output = compile_command(unit)
        source = os.path.join(ROOT if unit != path else home, unit)
        output = os.path.join(home, output)
        subprocess.run([*words, "-iquote", home, "-w", "-c", source, "-o", output],
                       cwd=directory, check=True)
        b.run("ar", "r", archive, output)
    return home
