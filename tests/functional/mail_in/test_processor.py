"""The older door: JSON and files, as mailin posts them."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import select

from llmio.discussions.models import Comment, Discussion

HOST = "reply.example.net"


@pytest.fixture
def mailin(web, mail_host, run_jobs):
    def posted(data, *, status=200, environ=None, headers=None, **files):
        fields = [("mailinMsg", data if isinstance(data, str) else json.dumps(data)), *files.items()]
        web.post("/email_processor", fields, status=status, headers=headers or {}, extra_environ=environ)
        run_jobs()

    return posted


def message(to, **more):
    headers = {"from": "Ada <ada@example.org>", "to": to, "subject": "Grüße", "message-id": "<m1@x>"}
    return {"headers": {**headers, **more.pop("headers", {})}, "text": "Schöne Idee.\n", "html": "", **more}


def test_answer_with_a_file(scene, mailin, db):
    to = f"pt=c&pi=0&d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    attachment = {"generatedFileName": "menü.pdf", "contentType": "application/pdf"}
    encoded = base64.b64encode(b"%PDF-1.4 " + bytes(5000)).decode()
    mailin(message(to, attachments=[attachment]), **{"menü.pdf": encoded})
    comment = db.scalars(select(Comment)).one()
    assert comment.body == "Schöne Idee."
    assert [(one["filename"], one["byte_size"]) for one in comment.attachments] == [("menü.pdf", 5009)]


def test_checks_of_mailin_count(scene, mailin, db):
    mailin(message(f"kitchen@{HOST}", spf="fail"))
    assert db.scalars(select(Discussion.title).where(Discussion.title == "Grüße")).all() == []
    mailin(message(f"kitchen@{HOST}", spf="pass", headers={"message-id": "<m2@x>"}))
    assert db.scalars(select(Discussion.title).where(Discussion.title == "Grüße")).all() == ["Grüße"]


def test_from_the_internet_it_needs_the_password(scene, mailin, auth):
    far = {"REMOTE_ADDR": "8.8.8.8"}
    mailin(message(f"kitchen@{HOST}"), status=401, environ=far)
    mailin(message(f"kitchen@{HOST}"), environ=far, headers=auth())


def test_who_only_says_that_it_is_near_needs_the_password(scene, mailin, with_settings):
    far, through, said = "8.8.8.8", {"REMOTE_ADDR": "172.18.0.2"}, {"CF-Connecting-IP": "127.0.0.1"}
    mail = message(f"kitchen@{HOST}")
    mailin(mail, status=401, environ=through, headers={"X-Forwarded-For": f"{far}, 10.0.0.1"})
    with_settings(limits__ip_header="CF-Connecting-IP")
    mailin(mail, status=401, environ={"REMOTE_ADDR": far}, headers=said)
    mailin(mail, status=401, environ=through, headers=said | {"X-Forwarded-For": far})
    mailin(mail, environ=through, headers=said | {"X-Forwarded-For": "10.0.0.1"})


@pytest.mark.parametrize("data", ["", "{", "[]", '"x"', "null", '{"headers": 1}', "[" * 100000])
def test_what_is_no_mail_is_refused_in_words(mailin, data):
    mailin(data, status=422)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"headers": {"from": None, "to": 5, "x\ny": "z", "subject": ["a", {}]}, "text": 1, "html": []},
        {"headers": {}, "from": [{"address": "a@b.example"}], "attachments": ["x", {"generatedFileName": 1}]},
    ],
)
def test_odd_json_makes_no_error(mailin, data):
    mailin(data)


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"subject": "Cut \ud83d"}},
        {"headers": {"message-id": "<cut\ud83d@x>"}},
        {"text": "Schöne Idee.\ud83d\n"},
        {"envelopeTo": ["a\0b@reply.example.net"]},
        {"spf": "\ud83d\0"},
        {"attachments": [{"generatedFileName": "cut\ud83d.txt", "contentType": "\ud83d", "contentId": "\ud83d"}]},
    ],
)
def test_halves_of_letters_stop_no_mail(scene, mailin, db, more):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    mailin(message(to, **more), **{"cut?.txt": "eA=="})
    assert [body.rstrip("?\ufffd") for body in db.scalars(select(Comment.body))] == ["Schöne Idee."]
