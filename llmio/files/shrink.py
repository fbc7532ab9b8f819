"""A program of its own: makes a small picture out of a large one, in a process that may break without harm.

`python shrink.py SOURCE TARGET SIDE` (of the longest side, in pixels): prints JSON with what was made, or why nothing was. Pictures come from strangers: only loaders of
kinds that we take are switched on, size is looked at before anything is unpacked, and memory and time are bounded. What a
camera notes about place and device is not taken over.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

LONGEST, QUALITY = 1280, 85
MOST_PIXELS = 250_000_000
"""More than cameras give (phones: 200 million), far less than a bomb."""
TOO_MANY = "too many pixels"
MEMORY, SECONDS = 1 << 30, 30
LOADERS = ("Jpeg", "Png", "Nsgif", "Webp", "Heif", "Tiff")
OPTIONS: dict[str, dict[str, Any]] = {
    "jpg": {"Q": QUALITY, "optimize_coding": True, "interlace": True},
    "webp": {"Q": QUALITY},
    "png": {"compression": 9},
}


def main(source: str, target: str, side: str) -> dict[str, Any]:
    """Make it."""
    import pyvips  # noqa: PLC0415  # slow and large, for this process alone: others read only the figures above

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    pyvips.operation_block_set("VipsForeignLoad", True)  # noqa: FBT003  # as it is
    for loader in LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)  # noqa: FBT003  # likewise
    try:
        return _made(pyvips.Image, source, target, int(side))
    except pyvips.Error as error:
        return {"refused": "unreadable", "detail": str(error).strip().splitlines()[0][:200]}


def _made(image: Any, source: str, target: str, side: int) -> dict[str, Any]:
    header = image.new_from_file(source, access="sequential")
    width, height = header.width, header.height
    if width * height > MOST_PIXELS:
        return {"refused": TOO_MANY, "width": width, "height": height}
    small = image.thumbnail(source, side, height=side, size="down", export_profile="srgb", fail_on="error")
    kind = target.rpartition(".")[2]
    small.write_to_file(target, keep="none", **OPTIONS[kind])
    turned = header.get_typeof("orientation") and header.get("orientation") >= 5
    if turned:
        width, height = height, width
    return {"width": width, "height": height, "small_width": small.width, "small_height": small.height}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])))  # noqa: T201  # what the caller reads
