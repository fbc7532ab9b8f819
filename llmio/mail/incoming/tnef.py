"""`winmail.dat`: what Outlook wraps its files in (TNEF), unpacked within bounds.

`tnefparse` knows the format, but trusts what a mail says of itself: it copies the rest of the file for each object, and loops as
often as a number in it asks for. So the objects are cut apart here, each handed over by itself, and lists with impossible lengths
are left out. Source of the format: [MS-OXTNEF] 2.1.3.
"""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterator
from functools import partial
from typing import IO

from tnefparse.tnef import TNEF, TNEFAttachment, TNEFObject

from llmio.mail.incoming.unreadable import UNREADABLE

SIGNATURE = struct.pack("<I", TNEF.TNEF_SIGNATURE)
LARGEST = 32 << 20
MOST_OBJECTS, MOST_FILES, MOST_PROPERTIES = 4000, 100, 500
HEADER = struct.Struct("<BHHI")
OF_FILES = frozenset(
    {TNEF.ATTATTACHRENDDATA, TNEF.ATTATTACHMENT, TNEF.ATTATTACHTITLE, TNEF.ATTATTACHDATA, TNEF.ATTATTACHTRANSPORTFILENAME}
)
NAMES = frozenset({"winmail.dat", "win.dat"})
TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # what is wrong with strangers' files is no news of ours


def files(stream: IO[bytes]) -> list[tuple[str, bytes]]:
    """(name, content) of the files within; none where it is no TNEF, cut short, or beyond the bounds. Never raises."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST or not data.startswith(SIGNATURE):
        return []
    found: list[TNEFAttachment] = []
    for one in _objects(data):
        if one.name == TNEF.ATTATTACHRENDDATA:
            if len(found) == MOST_FILES:
                break
            found.append(TNEFAttachment("cp1252"))
        elif found and not (one.name == TNEF.ATTATTACHMENT and _too_many(one.data)):
            try:
                found[-1].add_attr(one)
            except (*UNREADABLE, AttributeError, struct.error, MemoryError):
                continue
    return [(_name(one), one.data) for one in found if isinstance(one.data, bytes) and one.data]


def _objects(data: bytes) -> Iterator[TNEFObject]:
    """Objects about files, in order."""
    at = len(SIGNATURE) + 2
    for _number in range(MOST_OBJECTS):
        if at + HEADER.size + 2 > len(data):
            return
        level, name, _kind, size = HEADER.unpack_from(data, at)
        end = at + HEADER.size + size + 2
        if end > len(data):
            return
        if level == TNEF.LVL_ATTACHMENT and name in OF_FILES:
            yield TNEFObject(data[at:end])
        at = end


def _too_many(properties: bytes) -> bool:
    """Whether a list says that it is longer than any real one, or holds a message: those are unpacked without end."""
    count = int.from_bytes(properties[:4], "little")
    return count > MOST_PROPERTIES or b"\x0d\x00\x01\x37" in properties


def _name(one: TNEFAttachment) -> str:
    try:
        name = one.long_filename()
    except (*UNREADABLE, AttributeError, struct.error):
        name = ""
    if isinstance(name, bytes):
        name = name.decode("cp1252", "replace")
    return str(name).strip("\0 ") or "file.bin"


def opened(content: bytes) -> partial[IO[bytes]]:
    """A way to read it."""
    return partial(io.BytesIO, content)
