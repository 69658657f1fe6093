# SPDX-License-Identifier: MIT
"""Names that break out of where naive code puts them. What they would do is set a flag."""
import pages

FLAG = "window.__pwn=1"
NAMES = [
    f"</script><script>{FLAG}</script>", f"<!--<script>{FLAG}", f"<img src=x onerror={FLAG}>", f"<svg onload={FLAG}>",
    f'" onfocus="{FLAG}" autofocus x="', f"' onmouseover='{FLAG}' x='", f"</title><script>{FLAG}</script>", f"</style><script>{FLAG}</script>",
    f"</textarea><script>{FLAG}</script>", f"';{FLAG}//", f"javascript:{FLAG}", "${" + FLAG + "}{{" + FLAG + "}}", f"a\u2028{FLAG}\u2029b",
    "std::vector<std::pair<int, char>, A<&f>>::operator()<lambda(auto:1&&)> [with T = \"x\"]", "safe\u202egnp.exe\u2066\u200b\ufeff", "&lt;b&gt;&amp;&#60;",
    "nul\0and\x1b[31mred\x1b]52;c;eA==\x07", "__proto__", "constructor", "toString", "1", "01", "=cmd()|' /C calc'!A0", "semi;colon;", "lone\ud800half",
]


def shown(name):
    """As the page shows it: written again from what limits of names say, not from its code."""
    out = []
    for character in name:
        code = ord(character)
        hidden = code < 32 or 127 <= code < 160 or code in (0xad, 0x200b, 0x2028, 0x2029, 0x202e, 0x2066, 0xfeff) or 0xd800 <= code < 0xe000
        out.append(character if not hidden else f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
    return "".join(out)


def everywhere(name):
    """A bundle with the name in every place that a name can have."""
    frames = [("main", "main.c", 1, "/m", 0), (name, name, 7, name, 0), (name + " again", name, 8, name, pages.INLINED)]
    blocks = [pages.Block(k % 2, 10 + k, pages.NEVER if k % 3 else 900 + k, 100 + k, 0, 0, 0) for k in range(30)]
    program = pages.Program(frames, [[0, 1], [0, 1, 2]], blocks, 1000, [(100, name), (500, name + "2")], [name], steps=10)
    one = {"sentence": name, "remedy": name, "view": name, "site": name, "bytes": 1, "name": name, "value": name, "meaning": name, "reason": name, "count": 3}
    bundle = pages.bundle(
        program, title=name, generator=name, command=name, findings=[one, {**one, "view": "sites", "site": "s1"}], unseen=[one], losses=[one], settings=[one],
        pruned={"threshold": 0.1, "nodes": 2, "meaning": name}, redacted=[name], leak_kinds=[name, name], estimate={"sample_bytes": 1, "sample_rate": 1, "meaning": name},
        scopes=[{"name": name, "count": 1, "total_ms": 1, "allocations": 1, "allocated_bytes": 1, "kept_blocks": 1, "kept_bytes": 1}],
        sources={name: [[7, name], [8, name]]})
    bundle.meta["process"].update({key: name for key in ("executable", "host", "started_at", "ending", "label")}, command_line=[name, name])
    bundle.strings[bundle.known["malloc ← xmalloc"]] = name
    bundle.strings[bundle.known["malloc"]] = name
    return bundle
