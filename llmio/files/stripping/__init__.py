"""Pictures without what cameras and programs note in them: place, device, times, names, thumbnails, second pictures.

Nothing is decoded: the parts that make the picture are copied as they are, the notes are left out. How it is to be turned and its
colours (ICC) stay. What is not built as its kind should be is left alone: no reader of notes would find any there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO

from llmio.files.stripping import boxes, gif, jpeg, png, tiff, webp

Strip = Callable[[IO[bytes]], Iterator[bytes]]
STRIPPERS: Mapping[str, Strip] = {
    "image/jpeg": jpeg.strip,
    "image/png": png.strip,
    "image/webp": webp.strip,
    "image/gif": gif.strip,
    "image/avif": boxes.strip,
    "image/heic": boxes.strip,
    "image/tiff": tiff.strip,
}
"""Type → function that gives the pieces of a picture (a stream that can be read anywhere) without its notes."""


def strip(stream: IO[bytes], kind: str) -> Iterator[bytes]:
    """The pieces of a picture of a kind in `STRIPPERS`."""
    stream.seek(0)
    return STRIPPERS[kind](stream)
