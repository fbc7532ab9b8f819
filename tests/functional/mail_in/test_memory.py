"""Large mails wait on disk, whichever way they come and go: a few megabytes of memory, whatever their size."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import tempfile
import tracemalloc
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from pyramid.request import Request

from llmio.core.errors import Invalid
from llmio.core.ports import Mail
from llmio.mail import message
from llmio.mail.incoming import forwarding, letter, mailin, mime
from llmio.mail.talk import Talk
from tests.functional.mail_in.test_tnef import DATA, REND, SIGNATURE, TITLE, piece

SIZE = 8 << 20
MOST = 6 << 20
BOUNDARY = "boundary"


@pytest.fixture(scope="module")
def content():
    return os.urandom(SIZE)


@pytest.fixture
def within_bounds():
    """`within_bounds(act)`: what it returns, once it is sure that it held little in memory."""

    def watched(act):
        tracemalloc.start()
        try:
            made = act()
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MOST
        return made

    return watched


def on_disk(*pieces):
    file = tempfile.TemporaryFile()  # noqa: SIM115  # gone with the test
    for one in pieces:
        file.write(one)
    file.seek(0)
    return file


def form(*fields, end=True):
    """A form of (name, content, further words of its header)."""
    file = on_disk()
    for name, value, further in fields:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{further}\r\n\r\n'
        file.writelines([head.encode(), value, b"\r\n"])
    file.write(f"--{BOUNDARY}--\r\n".encode() if end else b"")
    length = file.tell()
    file.seek(0)
    request = Request.blank("/", method="POST", content_type=f"multipart/form-data; boundary={BOUNDARY}")
    request.body_file, request.content_length = file, length
    return request


WORDS = json.dumps(
    {"headers": {"from": "a@b.c"}, "text": "x", "attachments": [{"generatedFileName": "a.bin"}]}
).encode()


def as_mail(request, limit=2 * SIZE):
    to = on_disk()
    with mailin.form_of(request, limit) as fields:
        mailin.write(mailin.read(fields), to)
    to.seek(0)
    return to


@pytest.mark.parametrize("further", ["", '; filename="a.bin"'])
def test_a_file_posted_as_base64(content, within_bounds, further):
    request = form(("mailinMsg", WORDS, ""), ("a.bin", base64.b64encode(content), further))
    taken = within_bounds(lambda: mime.take_apart(as_mail(request)))
    (file,) = letter.read(taken).files
    assert (file.name, file.open().read()) == ("a.bin", content)


def test_a_form_that_is_too_large_or_breaks_off_is_refused(content):
    large = form(("mailinMsg", WORDS, ""), ("a.bin", content, ""))
    with pytest.raises(Invalid) as refused:
        as_mail(large, limit=SIZE // 2)
    assert refused.value.status == 413
    with pytest.raises(Invalid):
        as_mail(form(("mailinMsg", b"{" + b" " * mailin.LARGEST_MESSAGE + b"}", "")))
    with pytest.raises(mailin.NoMail):
        as_mail(form(("mailinMsg", WORDS, ""), end=False))


def test_what_outlook_wraps(content, within_bounds):
    wrapped = SIGNATURE + piece(REND, b"\0" * 14) + piece(TITLE, b"a.bin\0") + piece(DATA, content)
    mail = EmailMessage()
    mail.set_content("x")
    mail.add_attachment(wrapped, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    raw = on_disk(mail.as_bytes())

    def read():
        taken = mime.take_apart(raw)
        return taken, letter.read(taken)

    _taken, found = within_bounds(read)
    (file,) = found.files
    assert (file.name, file.size) == ("a.bin", SIZE)
    assert file.open().read() == content


class Line:
    """A mail server's end of a line: agrees to everything, and keeps what comes on disk."""

    def __init__(self):
        self.kept, self.answers = on_disk(), [b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n", b"250 taken\r\n"]

    def sendall(self, data):
        self.kept.write(data)

    def readline(self, _most):
        return self.answers.pop(0)


def test_what_is_passed_on(content, within_bounds, app):
    mail = EmailMessage()
    mail["From"] = "a@b.c"
    mail.set_content("x\n.\n.y\n")
    mail.add_attachment(content, maintype="application", subtype="zip", filename="ä.zip")
    raw, line, talk = on_disk(mail.as_bytes()), Line(), Talk(local_hostname="x")
    talk.sock = talk.file = line
    talk.ehlo_resp = b"x"

    def passed_on():
        taken = mime.take_apart(raw)
        made: Mail = forwarding._passed_on(app, letter.read(taken), 1, "there@example.org")
        with message.spooled(message.build(made, dt.datetime.now(dt.UTC)), made) as whole:
            talk.send_file(whole, "us@example.org", "there@example.org")
        return SimpleNamespace(taken=taken, made=made)

    within_bounds(passed_on)
    line.kept.seek(0)
    said = line.kept.read()
    head, sent = re.split(rb"data\r\n", said, maxsplit=1, flags=re.IGNORECASE)
    assert head.lower() == b"mail from:<us@example.org>\r\nrcpt to:<there@example.org>\r\n"
    assert sent.endswith(b"\r\n.\r\n")
    assert sent.count(b"\n") == sent.count(b"\r\n")
    plain = sent[: -len(b".\r\n")].replace(b"\r\n..", b"\r\n.")
    arrived = letter.read(mime.take_apart(on_disk(plain)))
    assert arrived.text.splitlines() == ["x", ".", ".y"]
    assert [(one.name, one.content_type) for one in arrived.files] == [("ä.zip", "application/zip")]
    assert arrived.files[0].open().read() == content
