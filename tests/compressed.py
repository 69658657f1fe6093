# SPDX-License-Identifier: MIT
"""Makes debug information that nobody can decompress."""
import struct

SHF_COMPRESSED = 0x800
UNKNOWN = 99  # a type of compression


def spoil(path):
    """Gives each compressed section of a file (64 bits, of this machine) a type that no version of
    libelf knows; how many there are."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        offset, = struct.unpack_from("=Q", data, 0x28)
        size, number = struct.unpack_from("=HH", data, 0x3a)
        n = 0
        for at in range(offset, offset + size * number, size):
            flags, _, content = struct.unpack_from("=QQQ", data, at + 8)
            if flags & SHF_COMPRESSED:
                struct.pack_into("=I", data, content, UNKNOWN)
                n += 1
        file.seek(0)
        file.write(data)
    return n
