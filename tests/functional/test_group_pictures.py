"""A group's logo and cover photo: put up, seen, changed, taken away, and handed to chats."""

from __future__ import annotations

import base64
import json

import pytest
import pyvips
from sqlalchemy import func, select
from webtest import Upload

from llmio.core.audit import AuditEntry
from llmio.core.ports import HttpAnswer
from llmio.discussions import service as discussions
from llmio.files.models import Attachment, Blob
from llmio.integrations.models import Chatbot

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def group(make):
    ada = make.user(name="Ada")
    return make.group(name="Weavers", admin=ada, members=[make.user(name="Ben")]), ada


def put(web, group, **files):
    form = next(form for form in web.get(f"/g/{group.key}/pictures").forms.values() if "logo" in form.fields)
    for name, content in files.items():
        form[name] = content if isinstance(content, bool) else Upload(f"{name}.png", content)
    return form.submit(expect_errors=True)


def test_a_logo_stands_beside_the_name_on_every_page_and_a_cover_on_the_groups_own(web, group):
    group, ada = group
    web.sign_in(ada)
    assert put(web, group, logo=PNG, cover_photo=PNG).status_int == 303
    page = web.get(f"/g/{group.key}")
    assert page.html.select_one(".group-header .group-mark-lg")
    assert page.html.select_one(".group-cover")
    mark = web.get("/dashboard").html.select_one(".sidebar .group-mark")
    assert web.get(mark["src"]).body == PNG


def test_a_subgroup_shows_the_logo_of_its_parent(web, group, make):
    group, ada = group
    child = make.group(name="Dyers", admin=ada, parent_id=group.id)
    web.sign_in(ada)
    put(web, group, logo=PNG)
    assert web.get(f"/g/{child.key}").html.select_one(".group-header .group-mark-lg")


def test_a_new_logo_takes_the_place_of_the_old_and_can_be_taken_away(web, group, db):
    group, ada = group
    web.sign_in(ada)
    put(web, group, logo=PNG)
    put(web, group, logo=PNG)
    put(web, group)
    assert [one.act for one in db.scalars(select(AuditEntry))] == ["group.pictures"] * 2
    logos = select(func.count()).where(Attachment.record_type == "Group", Attachment.name == "logo")
    assert db.scalar(logos) == 1
    put(web, group, remove_logo=True)
    assert db.scalar(logos) == 0
    assert not web.get(f"/g/{group.key}").html.select_one(".group-mark-lg")


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF8", b"\x89PNG\r\n\x1a\n" + b"0" * (1 << 20)]
)
def test_what_is_no_picture_or_too_large_is_refused_at_its_field(web, group, db, content):
    group, ada = group
    web.sign_in(ada)
    answer = put(web, group, logo=content)
    assert answer.status_int == 422
    assert answer.html.select_one("#field-logo-error")
    assert db.scalar(select(func.count()).select_from(Blob)) == 0


def test_members_do_not_change_it(web, make, group):
    group, _ada = group
    ben = make.user()
    make.membership(group, ben)
    web.sign_in(ben)
    assert web.get(f"/g/{group.key}/pictures", expect_errors=True).status_int == 403
    assert "/pictures" not in web.get(f"/g/{group.key}").text


def test_chats_are_given_the_address_of_the_logo(web, group, ctx, commit, run_jobs, db, http):
    group, ada = group
    web.sign_in(ada)
    put(web, group, logo=PNG)
    db.add(
        Chatbot(group_id=group.id, author_id=ada.id, kind="webhook", name="Chat", webhook_kind="markdown",
                server="https://chat.example.org/hook", event_kinds=["new_discussion"])
    )  # fmt: skip
    http.answers = [HttpAnswer(200, {}, "ok")]
    discussions.start_discussion(ctx(ada), group, title="Lunch")
    commit()
    run_jobs()
    said = json.loads(http.posts[0].body)
    assert said["icon_url"].startswith("http")
    new = web.get(said["icon_url"].split("localhost", 1)[-1].lstrip(":0123456789"))
    assert new.content_type == "image/png"


def test_a_logo_is_given_small_and_a_cover_as_wide_as_a_page(web, group, commit, run_jobs):
    group, ada = group
    web.sign_in(ada)
    large = pyvips.Image.gaussnoise(2000, 1000).cast("uchar").write_to_buffer(".jpg", Q=50)
    logo = pyvips.Image.gaussnoise(1000, 1000).cast("uchar").write_to_buffer(".jpg", Q=50)
    assert put(web, group, logo=logo, cover_photo=large).status_int == 303
    commit()
    run_jobs()
    page = web.get(f"/g/{group.key}").html
    for selector, width in ((".group-header .group-mark-lg", 256), (".group-cover", 1280)):
        found = page.select_one(selector)
        address = (found if found.get("src") else found.select_one("img"))["src"]
        assert pyvips.Image.new_from_buffer(web.get(address).body, "").width == width


def test_only_what_can_be_one_is_stored(web, group, app, monkeypatch):
    group, ada = group
    web.sign_in(ada)
    saved = []
    monkeypatch.setattr(type(app.plugins.storages["local"]), "save", lambda *_args: saved.append(1))
    for content in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", PNG + b"0" * (1 << 20)):
        assert put(web, group, logo=content).status_int == 422
    assert saved == []


def test_lists_of_groups_ask_for_their_pictures_once(web, make, queries, app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "features.explore", True)

    def explored(count):
        for _number in range(count):
            make.group(is_visible_to_public=True, listed_in_explore=True)
        with queries() as sent:
            web.get("/explore")
        return sent

    web.sign_in(make.user())
    explored(1)
    few = explored(0)
    many = explored(20)
    assert many.count == few.count, str(many)
