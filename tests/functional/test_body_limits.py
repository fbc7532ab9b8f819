"""What is longer than any text, or in more parts than any form, is refused before it is taken apart."""

from __future__ import annotations

from io import BytesIO, RawIOBase

import pytest

from llmio.web import bodies
from tests import factories as make


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
def test_a_form_longer_than_any_text_is_refused(db, sign_in, kind):
    web = sign_in(make.user(db))
    headers = {"X-CSRF-Token": web.csrf_token, "Content-Type": kind}
    answer = web.post("/profile", b"x=" + b"a" * 2_300_000, headers=headers, status=413)
    assert "Too large" in answer.text
    assert web.post("/profile", b"x=" + b"a" * 100_000, headers=headers, expect_errors=True).status_int != 413


def test_the_longest_text_there_may_be_is_taken(db, sign_in, app):
    ada = make.user(db)
    thread = make.discussion(db, make.group(db, admin=ada))
    words = "😀" * app.settings.number("text.max_length")
    sign_in(ada).send(f"/d/{thread.key}/comments", {"body": words, "body_format": "md"}, status=303)


class Once(RawIOBase):
    """A body as a server gives it: it can be read once."""

    def __init__(self, content):
        self._file = BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(buffer)


def multipart(parts, mark="b0undary"):
    """(name, file name or None, content) of each part → headers, body."""
    body = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{f"; filename={file}" if file else ""}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, file, content in parts
    )
    return {"Content-Type": f"multipart/form-data; boundary={mark}"}, body + f"--{mark}--\r\n".encode()


def posted(web, path, headers, body, **how):
    length = {"Content-Length": str(len(body))}
    return web.request(path, method="POST", body_file=Once(body), headers=length | headers, expect_errors=True, **how)


def test_a_file_is_taken_with_the_token_in_its_form(db, sign_in):
    web = sign_in(make.user(db))
    headers, body = multipart([("csrf_token", None, web.csrf_token.encode()), ("file", "a.txt", b"hello" * 5000)])
    answer = posted(web, "/files", headers, body)
    assert answer.status_int == 201, answer.text
    assert answer.json["size"] == 25_000
    headers, body = multipart([("csrf_token", None, b"wrong"), ("file", "a.txt", b"hello")])
    assert "too old to be sent" in posted(web, "/files", headers, body).text


def test_a_form_of_too_many_fields_is_refused_before_it_is_taken_apart(db, sign_in):
    web = sign_in(make.user(db))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = posted(web, "/profile", kind, b"a&" * bodies.MOST_FIELDS)
    assert (answer.status_int, "more than 10000 fields" in answer.text) == (413, True)
    right = b"csrf_token=" + web.csrf_token.encode()
    assert posted(web, "/profile", kind, right + b"&a=1" * (bodies.MOST_FIELDS - 1)).status_int == 422


@pytest.mark.parametrize("path", ["/profile", "/sign_in", "/files", "/no/such/page"])
def test_a_form_of_too_many_parts_is_refused_for_anybody(db, sign_in, new_browser, path):
    headers, body = multipart([(f"n{number}", None, b"x" * 70) for number in range(bodies.MOST_PARTS + 1)])
    for web in (new_browser(), sign_in(make.user(db))):
        answer = posted(web, path, headers, body)
        assert answer.status_int in (413, 303, 404)
        assert answer.status_int == 413 or path == "/no/such/page" or "/sign_in" in answer.location
    headers, body = multipart([("csrf_token", None, web.csrf_token.encode()), *[("x", None, b"x")] * 300])
    assert posted(web, "/profile", headers, body).status_int == 422


@pytest.mark.parametrize("mark", ["b", "b0undary", "x" * 70])
@pytest.mark.parametrize("lead", [0, 1, 65_530, 65_535, 131_070])
def test_every_part_is_counted_wherever_it_stands(mark, lead):
    parts = [("x", None, b"y" * 997)] * 300
    _headers, body = multipart(parts, mark)
    counted = bodies._parts_in(BytesIO(b"-" * lead + b"\n" + body), b"--" + mark.encode(), 10**6)
    assert counted >= len(parts)
    assert counted <= (len(parts) + 1) * (1 if len(mark) > 1 else 2)


def test_json_without_end_and_json_that_is_none_are_answered(db, sign_in):
    web = sign_in(make.user(db))
    headers = {"X-CSRF-Token": web.csrf_token, "Content-Type": "application/json"}
    for path in ("/direct_uploads", "/profile", "/api/hocuspocus", "/csp_reports", "/live/session"):
        for body in (b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b"", b"nul", b'"\\ud800"'):
            assert posted(web, path, headers, body).status_int < 500, (path, body[:9])


def test_json_in_a_charset_that_does_not_exist_is_refused(db, sign_in):
    web = sign_in(make.user(db))
    headers = {"X-CSRF-Token": web.csrf_token, "Content-Type": FORM + "; charset=nix"}
    for path in ("/direct_uploads", "/rails/active_storage/direct_uploads"):
        assert posted(web, path, headers, b"{}").status_int in (400, 415, 422), path


def test_a_file_where_a_text_belongs_is_a_refused_form(db, sign_in):
    ada = make.user(db)
    thread = make.discussion(db, make.group(db, admin=ada))
    web = sign_in(ada)
    kind, body = multipart([("body", "a.txt", b"words"), ("body_format", "b.txt", b"md")])
    answer = posted(web, f"/d/{thread.key}/comments", kind | {"X-CSRF-Token": web.csrf_token}, body)
    assert answer.status_int == 422


def test_a_form_that_is_none_beside_another_fault_is_told_as_that(db, sign_in):
    web = sign_in(make.user(db))
    kind = {
        "Content-Type": "multipart/form-data; boundary=\xe9",
        "X-CSRF-Token": "wrong",
        "Sec-Fetch-Site": "same-origin",
    }
    answer = posted(web.sign_out(), "/profile", kind, b"--x\r\n")
    assert answer.status_int in (400, 401, 403)


def test_a_body_that_names_no_length_is_not_waited_for(db, sign_in):
    """HTTP/1.1 may send it in chunks; forms come with a length from every browser."""
    web = sign_in(make.user(db))
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json", "text/plain")
    for kind in kinds:
        headers = {"Content-Type": kind, "X-CSRF-Token": web.csrf_token, "Transfer-Encoding": "chunked"}
        answer = web.request(
            "/profile", method="POST", body_file=Once(b"a=1&" * 100), headers=headers, expect_errors=True
        )
        assert answer.status_int in (400, 411, 422), (kind, answer.status)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"]
)
def test_a_form_that_breaks_off_is_no_fault_of_ours(db, sign_in, caplog, kind):
    web = sign_in(make.user(db))
    for path in ("/profile", "/direct_uploads"):
        answer = posted(web, path, {"Content-Type": kind, "Content-Length": "500"}, b"a=1&")
        assert answer.status_int in (400, 422), path
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=\xe9", b"--\xe9\r\n\r\n"),
        (FORM + "; charset=nix", b"a=\xff"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n%s\r\n\r\nx\r\n--b--\r\n',
        ),
    ],
)
@pytest.mark.parametrize("path", ["/profile", "/sign_in", "/csp_reports", "/no/such/page"])
def test_a_form_that_is_none_is_no_fault_of_ours(db, sign_in, caplog, kind, body, path):
    web = sign_in(make.user(db))
    heads = (b"Content-Type: text/plain; charset=nix", b"Content-Transfer-Encoding: base64", b"Content-Length: -5")
    for head in heads if b"%s" in body else (None,):
        answer = posted(web, path, {"Content-Type": kind}, body % head if head else body)
        assert answer.status_int < 500, (head, answer.text)
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []


def test_a_form_of_another_charset_is_read_as_utf8(db, sign_in):
    web = sign_in(make.user(db))
    body = f"csrf_token={web.csrf_token}&name=Zo\u00eb".encode()
    assert posted(web, "/profile", {"Content-Type": FORM + "; charset=iso-8859-1"}, body).status_int == 422


def test_a_form_without_a_kind_is_bounded_like_others(db, sign_in):
    web = sign_in(make.user(db))
    assert posted(web, "/sign_in", {"Content-Type": ""}, b"a&" * bodies.MOST_FIELDS).status_int == 413
    assert posted(web, "/sign_in", {"Content-Type": ""}, b"a=" + b"x" * 2_300_000).status_int == 413


def test_a_form_within_a_form_is_refused_before_it_is_taken_apart(db, sign_in):
    web = sign_in(make.user(db))
    _headers, inner = multipart([("file", "a.txt", b"x")] * 2000, "inner")
    token = f'Content-Disposition: form-data; name="csrf_token"\r\n\r\n{web.csrf_token}\r\n--outer\r\n'
    head = b"--outer\r\n" + token.encode() + b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=outer"}
    answer = posted(web, "/profile", kind, head + inner + b"--outer--\r\n")
    assert (answer.status_int, "could not be understood" in answer.text) == (400, True)
