#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed-text.py INPUT OUTPUT NAME: write a C header with a file's text as the
array NAME. Bytes, not a string literal: C11 promises only 4095 characters."""
import sys

source, target, name = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read() + b"\0"
rows = [data[i:i + 16] for i in range(0, len(data), 16)]
with open(target, "w", encoding="ascii") as file:
    file.write(f"static const char {name}[] = {{\n")
    for row in rows:
        file.write("\t" + " ".join(f"{b if b < 128 else b - 256}," for b in row) + "\n")
    file.write("};\n")
