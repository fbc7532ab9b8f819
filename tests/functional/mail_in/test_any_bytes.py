"""Whatever bytes come: reading them never raises, and what comes out can be stored."""

from __future__ import annotations

import base64
import io
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmio.mail.incoming import acts, addresses, automatic, charsets, flowed, html, letter, mime, strip, trust

LINES = [
    b"From: Ada <ada@example.org>",
    b"To: d=1&u=2&k=x@reply.example.net",
    b"Subject: =?utf-8?B?w4Q=?= =?x?Q?=ZZ?=",
    b"Content-Type: multipart/mixed; boundary=b",
    b'Content-Type: multipart/alternative; boundary="b"',
    b"Content-Type: text/plain; charset=\xff",
    b"Content-Type: text/html; charset=utf-16",
    b"Content-Type: message/rfc822",
    b"Content-Type: text/plain; name*0*=utf-8''%C3; name*1=x; format=flowed; delsp=yes",
    b"Content-Disposition: attachment; filename*=x-none'en'%ff",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-ID: <<>>",
    b"--b",
    b"--b--",
    b"",
    b" folded",
    b"> quoted",
    b"On 3 Nov 2026, Ada <a@b> wrote:",
    b"=C3=",
    b"QUJD",
    b"\x00\xff\xfe",
    b"<div class=gmail_quote><blockquote type=cite>&#x110000;&bad</div",
    "\ufeff\ufeff\ufeff\ufeff\ufeff\ufeff".encode(),
]
mails = st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=40)), max_size=40).map(b"\r\n".join)


def through(raw):
    """All that happens to a mail before anything is decided."""
    taken = mime.take_apart(io.BytesIO(raw))
    found = letter.read(taken)
    words = strip.answer_of(found)
    pages = html.with_pictures(html.without_quotes(found.html), {one.cid: "/x" for one in found.files})
    texts = [words, found.text, found.html, found.subject, found.message_id, *found.headers.values(), acts.tidy(pages)]
    for one in found.recipients:
        addresses.route_of(one.rpartition("@")[0])
    automatic.is_automatic(found)
    trust.checks_of(found, {})
    for file in found.files:
        with file.open() as stream:
            assert len(stream.read()) == file.size
    taken.close()
    return texts


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.binary(max_size=400), mails))
def test_any_bytes_can_be_read_and_stored(raw):
    for text in through(raw):
        text.encode()
        assert "\0" not in text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_of_any_charset_are_text(raw, charset):
    text = charsets.decoded(raw, charset)
    text.encode()
    assert "\0" not in text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_an_answer_made_of_its_own_lines(text):
    given_lines = {" ".join(strip.INVISIBLE.sub("", line).split()) for line in text.replace("\u00a0", " ").split("\n")}
    for line in strip.answer(text).split("\n"):
        assert " ".join(line.split()) in given_lines | {""}
    flowed.unflowed(text)
    charsets.header_text(text)
    addresses.route_of(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000))
def test_attachments_come_out_as_they_went_in(content):
    message = EmailMessage()
    message.set_content("x")
    message.add_attachment(content, maintype="application", subtype="x-any", filename="a.bin")
    taken = mime.take_apart(io.BytesIO(message.as_bytes()))
    files = letter.read(taken).files
    if content:
        with files[0].open() as stream:
            assert stream.read() == content
    else:
        assert files == ()


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]), min_size=1, max_size=200))
def test_text_comes_out_as_it_went_in(text):
    message = EmailMessage()
    message.set_content(text)
    found = letter.read(mime.take_apart(io.BytesIO(message.as_bytes())))
    text = text.removeprefix("\ufeff")  # at the beginning it says how what follows is encoded
    assert found.text.split() == text.replace("\u2028", "\n").split() or found.text.strip("\n ") == text.strip("\n ")


SLOW = {
    "one endless line": "a" * 3_000_000,
    "quote marks": "> " * 200_000,
    "angle brackets": "<" * 100_000,
    "open tags": "<div " * 100_000,
    "nested quotes": "<blockquote>" * 5_000,
    "colons": "From: a@b 1\n" * 50_000,
    "on on on": "On 1 " * 60_000,
    "dashes": "--\n" * 200_000,
    "feff": "\ufeff " * 200_000,
    "signature lines": "Sent from my " * 50_000,
    "lines of a program": "Sent from my phone\n" * 100_000,
    "rules": "x\n" + "---\n\n" * 100_000,
    "links": "[" * 100_000 + "](" * 100_000,
    "files within": "begin 644 a\n" * 50_000 + "M\n" * 100_000 + "\nend",
    "greetings": "hi\n" * 300_000,
    "underscores": "_" * 500_000,
    "blank lines": "\n" * 500_000,
    "spaces": " " * 500_000 + "x",
    "mail": "mail " * 100_000,
    "cid": "<img src=cid:" * 50_000,
    "tables": "<table><tr><td>" * 5_000,
    "formatting left open": "".join(f"<b title={number}><p>" for number in range(5_000)),
    "within each other": "<div>" * 60_000,
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_nothing_takes_long(name, kind):
    encoded = base64.encodebytes(SLOW[name].encode())
    raw = (
        f"From: a@b.c\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n".encode()
        + encoded
    )
    start = time.process_time()
    through(raw)
    assert time.process_time() - start < 30  # what grows with the square of its length takes minutes


def test_twenty_five_megabytes_stay_on_disk():
    import tracemalloc

    message = EmailMessage()
    message["From"] = "a@b.c"
    message.set_content("x")
    message.add_attachment(b"z" * (18 << 20), maintype="application", subtype="zip", filename="a.zip")
    stream = io.BytesIO(message.as_bytes())
    del message
    tracemalloc.start()
    taken = mime.take_apart(stream)
    found = letter.read(taken)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.files[0].size == 18 << 20
    assert peak < 8 << 20
    taken.close()


OPAQUE = (Path(__file__).parent / "mails" / "172-smime-opaque-in-pieces.eml").read_bytes().partition(b"\r\n\r\n")[2]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(base64.b64decode(OPAQUE)) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, 2000),
)
def test_a_signature_that_is_damaged_breaks_nothing(changes, length):
    raw = bytearray(base64.b64decode(OPAQUE))
    for at, byte in changes:
        raw[at] = byte
    head = b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    through(head + base64.encodebytes(bytes(raw[:length])))


def test_what_is_encrypted_stays_a_file():
    head = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    found = letter.read(
        mime.take_apart(io.BytesIO(head + base64.b64encode(bytes.fromhex("300b06092a864886f70d010703"))))
    )
    assert ([one.name for one in found.files], found.text) == (["smime.p7m"], "")


def test_files_within_a_signature_are_files():
    raw = (Path(__file__).parent / "mails" / "172-smime-opaque-in-pieces.eml").read_bytes()
    taken = mime.take_apart(io.BytesIO(raw))
    (file,) = letter.read(taken).files
    assert (file.name, file.open().read()) == ("plan.pdf", b"%PDF-1.4")
    taken.close()
