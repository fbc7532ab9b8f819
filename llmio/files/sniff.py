"""What kind of file it is: by its first bytes where they tell, never by what the browser says."""

from __future__ import annotations

import mimetypes
import re

PDF = "application/pdf"
INLINE = frozenset(
    (
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "video/mp4",
        "video/webm",
        "video/ogg",
        PDF,
    )
)
"""Types that a browser shows without running anything. A PDF may hold scripts: it is given with a closed policy, in a sandbox
(`answer.CLOSED`), and browsers' own readers do not let it at the page or the site."""

RUN = re.compile(r"(application|text)/(x-)?(javascript[\d.]*|ecmascript|jscript|livescript)|text/css")
"""Types that a page takes for scripts or styles, which it may load from its own host."""
OPAQUE = "application/octet-stream"
HEAD = 512

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyp(hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "image/tiff"),
    (re.compile(rb"%PDF-"), PDF),
)
_SIBLINGS = {
    ("video/webm", "audio/webm"),
    ("audio/ogg", "video/ogg"),
    ("video/mp4", "audio/mp4"),
    ("video/mp4", "video/quicktime"),
}
"""Types with the same first bytes: there the name decides."""


def content_type(head: bytes, filename: str) -> str:
    """The type of a file from its first bytes and its name."""
    called = named(filename)
    for beginning, found in _BEGINNINGS:
        if beginning.match(head):
            return called if (found, called) in _SIBLINGS else found
    # It calls itself something a browser would show, and is not.
    return OPAQUE if called in INLINE else called


def given_as(kind: str) -> str:
    """The type to give a file out with: a script is bytes to save, nothing for a page to run."""
    return OPAQUE if RUN.fullmatch(kind) else kind


def named(filename: str) -> str:
    """The type that a name claims."""
    return (mimetypes.guess_type(filename)[0] or OPAQUE).lower()
