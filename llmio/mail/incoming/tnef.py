"""`winmail.dat`: what Outlook wraps its files in (TNEF), unpacked within bounds.

`tnefparse` knows the format, but trusts what a mail says of itself: it copies the rest of the file for each object, and loops as
often as a number in it asks for. So the objects are cut apart here, each is handed over by itself, and lists of properties are short and
end where they end. Source of the format: [MS-OXTNEF] 2.1.3.
"""

from __future__ import annotations

import io
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
    """The files within, as parts of the same mail; none where it is no TNEF, or beyond the bounds. Never raises."""
    made = []
    for name, content in files(part.open()):
        headers = Message()
        headers["Content-Type"] = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        start = part.kept.seek(0, io.SEEK_END)
        part.kept.write(content)
        made.append(mime.Part(headers, part.within, part.kept, start, len(content)))
    return made


def files(stream: IO[bytes]) -> list[tuple[str, bytes]]:
    """(name, content) of the files within."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST or not data.startswith(SIGNATURE):
        return []
    found: list[TNEFAttachment] = []
    names: list[str] = []
    for one in _objects(data):
        if one.name == TNEF.ATTATTACHRENDDATA:
            if len(found) == MOST_FILES:
                break
            found.append(TNEFAttachment("cp1252"))
            names.append("")
        elif found:
            names[-1] = _taken(found[-1], one) or names[-1]
    pairs = zip(names, found, strict=True)
    return [(name or "file.bin", bytes(one.data)) for name, one in pairs if isinstance(one.data, bytes) and one.data]


def _taken(file: TNEFAttachment, one: TNEFObject) -> str:
    """What the library makes of an object; the name that the file has by now."""
    if one.name == TNEF.ATTATTACHMENT:
        long = len(one.data) > LONGEST_LIST or int.from_bytes(one.data[:4], "little") > MOST_PROPERTIES
        if long or IMESSAGE_SIG in one.data:
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
