"""Outlook's `winmail.dat`: its files come in as files, whatever else is in it."""

from __future__ import annotations

import io
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from llmio.discussions.models import Discussion
from llmio.files.models import Blob
from llmio.mail.incoming import tnef

SIGNATURE = struct.pack("<IH", 0x223E9F78, 1)
REND, TITLE, DATA, LIST = 0x9002, 0x8010, 0x800F, 0x9005


def piece(name, data, level=2):
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def text_property(name, text):
    raw = text.encode("utf-16-le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, name, 1, len(raw)) + raw + b"\0" * (-len(raw) % 4)


def file(title, data, *properties, count=None):
    listed = struct.pack("<I", len(properties) if count is None else count) + b"".join(properties)
    return piece(REND, b"\0" * 14) + piece(TITLE, title + b"\0") + piece(DATA, data) + piece(LIST, listed)


def wrapped(*files):
    return SIGNATURE + piece(0x9006, struct.pack("<I", 0x10000), level=1) + b"".join(files)


def within(data):
    found = tnef.files(io.BytesIO(data), len(data))
    return [(name, data[start : start + size]) for name, start, size in found]


def test_files_in_it_come_in_with_their_long_names(scene, post, letter, db):
    mail = letter("kitchen@reply.example.net", "See the files.", subject="Plan")
    data = wrapped(file(b"QUARTE~1.CSV", b"a;b", text_property(0x3707, "Quartal – März.csv")), file(b"x.png", b"PNG"))
    mail.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    post(mail)
    (thread,) = db.scalars(select(Discussion).where(Discussion.title == "Plan"))
    assert [one["filename"] for one in thread.attachments] == ["Quartal – März.csv", "x.png"]
    sizes = dict(db.execute(select(Blob.filename, Blob.byte_size)).all())
    assert sizes == {"Quartal – März.csv": 3, "x.png": 3}


@pytest.mark.parametrize("data", [b"", b"hello", SIGNATURE, wrapped()[:-3], wrapped(piece(TITLE, b"no file"))])
def test_what_is_no_file_of_outlook_gives_none(data):
    assert within(data) == []


@pytest.mark.parametrize(
    "hostile",
    [
        wrapped(file(b"a", b"1", count=2**32 - 1)),
        wrapped(file(b"a", b"1", struct.pack("<HHI", 0x1002, 0x3707, 2**32 - 1))),
        wrapped(file(b"a", b"1", struct.pack("<HHII", 0x1F, 0x3707, 2**32 - 1, 4))),
        wrapped(file(b"a", b"1"), *[piece(REND, b"")] * 300_000),
    ],
    ids=["many", "many values", "many texts", "many objects"],
)
def test_a_number_that_is_a_lie_costs_nothing(hostile):
    start = time.process_time()
    assert within(hostile)[:1] == [("a", b"1")]
    assert time.process_time() - start < 10


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200), st.integers(0, 255))
def test_no_bytes_make_it_raise(noise, at, byte):
    good = bytearray(wrapped(file(b"a.txt", b"text", text_property(0x3707, "long name.txt"), noise)))
    good[at % len(good)] = byte
    for name, content in within(bytes(good)):
        assert name
        assert content
