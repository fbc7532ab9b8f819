"""`winmail.dat`: what Outlook wraps its files in (TNEF), unpacked within bounds.

`tnefparse` knows the format, but trusts what a mail says of itself: it copies the rest of the file for each object, and loops as
often as a number in it asks for. So the objects are cut apart here, each is handed over by itself, and lists of properties are short and
end where they end. Source of the format: [MS-OXTNEF] 2.1.3.
"""

from __future__ import annotations

import logging
import mimetypes
import struct
from collections.abc import Iterator
from email.message import Message
from typing import IO, Any

from tnefparse.mapi import IMESSAGE_SIG
from tnefparse.tnef import TNEF, TNEFAttachment, TNEFObject

from llmio.mail.incoming import mime
from llmio.mail.incoming.unreadable import UNREADABLE

SIGNATURE = struct.pack("<I", TNEF.TNEF_SIGNATURE)
LARGEST = 32 << 20
MOST_OBJECTS, MOST_FILES, MOST_PROPERTIES, LONGEST_LIST = 4000, 100, 1000, 1 << 16
HEADER = struct.Struct("<BHHI")
OF_FILES = frozenset(
    {
        TNEF.ATTATTACHRENDDATA,
        TNEF.ATTATTACHMENT,
        TNEF.ATTATTACHTITLE,
        TNEF.ATTATTACHDATA,
        TNEF.ATTATTACHTRANSPORTFILENAME,
    }
)
NAMES = frozenset({"winmail.dat", "win.dat"})
TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # what is wrong with strangers' files is no news of ours


BROKEN = (*UNREADABLE, struct.error)


class Ending(bytes):
    """Bytes that say so where somebody reads on behind their end; plain ones answer with nothing for ever."""

    def __getitem__(self, key: Any) -> Any:
        """A byte or a stretch."""
        if isinstance(key, slice) and (key.start or 0) >= len(self) > 0:
            raise IndexError("behind the end")
        return super().__getitem__(key)


def is_wrapping(part: mime.Part, name: str) -> bool:
    """Whether a part is Outlook's wrapping."""
    return part.content_type in TYPES or name.lower() in NAMES


def unpacked(part: mime.Part) -> list[mime.Part]:
    """The files within, as stretches of this part; none where it is no TNEF, or beyond the bounds. Never raises."""
    made = []
    for name, start, size in files(part.open(), part.size):
        headers = Message()
        headers["Content-Type"] = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        made.append(mime.Part(headers, part.within, part.kept, part.start + start, size))
    return made


def files(stream: IO[bytes], size: int) -> list[tuple[str, int, int]]:
    """(name, where its content begins, its size) of the files within; reads names, but no content."""
    if size > LARGEST or stream.read(len(SIGNATURE)) != SIGNATURE:
        return []
    found: list[TNEFAttachment] = []
    names: list[str] = []
    places: list[tuple[int, int]] = []
    for name, start, length in _objects(stream, size):
        if name == TNEF.ATTATTACHRENDDATA:
            if len(found) == MOST_FILES:
                break
            found.append(TNEFAttachment("cp1252"))
            names.append("")
            places.append((0, 0))
        elif found and name == TNEF.ATTATTACHDATA:
            places[-1] = (start, length)
        elif found and length <= LONGEST_LIST:
            names[-1] = _named(found[-1], _object(stream, start, length)) or names[-1]
    return [(name or "file.bin", *place) for name, place in zip(names, places, strict=True) if place[1]]


def _named(file: TNEFAttachment, one: TNEFObject) -> str:
    """The name that the library knows of the file with this object."""
    if one.name == TNEF.ATTATTACHMENT:
        if int.from_bytes(one.data[:4], "little") > MOST_PROPERTIES or IMESSAGE_SIG in one.data:
            return ""
        one.data = Ending(one.data)
    try:
        file.add_attr(one)
        name = file.long_filename()
    except BROKEN:
        name = ""
    finally:
        file.mapi_attrs.clear()
    return str(name).strip("\0 ")


def _object(stream: IO[bytes], start: int, length: int) -> TNEFObject:
    """An object as the library reads it, header and checksum included."""
    stream.seek(start - HEADER.size)
    return TNEFObject(stream.read(HEADER.size + length + 2))


def _objects(stream: IO[bytes], size: int) -> Iterator[tuple[int, int, int]]:
    """(name, where its data begins, its length) of objects about files, in order."""
    at = len(SIGNATURE) + 2
    for _number in range(MOST_OBJECTS):
        if at + HEADER.size + 2 > size:
            return
        stream.seek(at)
        level, name, _kind, length = HEADER.unpack(stream.read(HEADER.size))
        end = at + HEADER.size + length + 2
        if end > size:
            return
        if level == TNEF.LVL_ATTACHMENT and name in OF_FILES:
            yield name, at + HEADER.size, length
        at = end
