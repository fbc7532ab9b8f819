"""More than a hundred mails as programs of many makes and languages write them: the right words, and no crash.

Each `NNN-name.eml` has its expected answer in `NNN-name.txt`.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from llmio.mail.incoming import letter, mime, strip

MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))


def read(raw):
    taken = mime.take_apart(io.BytesIO(raw))
    return letter.read(taken)


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_answer(path):
    expected = path.with_suffix(".txt").read_text().removesuffix("\n")
    assert strip.answer_of(read(path.read_bytes())) == expected


def test_there_are_a_hundred():
    assert len(MAILS) >= 100
