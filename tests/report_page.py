# SPDX-License-Identifier: MIT
"""Reads the data of a page as docs/reference/report-page.md says."""
import base64
import gzip
import json
import re

PAGE_PARTS = re.compile(r'<script type="application/octet-stream" id="data">([A-Za-z0-9+/=]*)</script>')


def read_page(path):
    """Its JSON text, and its columns by their names."""
    with open(path, encoding="utf-8") as page:
        packed = PAGE_PARTS.findall(page.read())
    assert len(packed) == 1
    data = gzip.decompress(base64.b64decode(packed[0]))
    length = int.from_bytes(data[:4], "little")
    text, at, columns = json.loads(data[4:4 + length]), 4 + length, {}
    for column in text["columns"]:
        values = columns[column["name"]] = []
        last = 0
        for _ in range(column["count"]):
            value = shift = 0
            while True:
                value |= (data[at] & 0x7f) << shift
                shift += 7
                at += 1
                if data[at - 1] < 0x80:
                    break
            if column["encoding"] == "delta":
                value = last = last + (value >> 1 ^ -(value & 1))
            values.append(value)
    assert at == len(data)
    return text, columns
