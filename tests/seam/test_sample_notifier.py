"""Notifiers from outside: installed by pip, chosen by a group and by a person, gone and back; nothing of the core knows them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from llmio.discussions import service as discussions
from tests import factories

pytestmark = pytest.mark.xdist_group("samples")
WALL, GATEWAY = "https://board.example.org/notices", "https://gateway.example.org/send"


def states(engine):
    with engine.connect() as connection:
        query = (
            "SELECT notifier, status FROM llmio.deliveries WHERE notifier IN ('board', 'pager') ORDER BY notifier, id"
        )
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_group_and_a_person_choose_them_and_they_go_and_come_back(
    with_samples, start, work, seam_engine, monkeypatch, strangers, venv
):
    site = start(NOTIFY_PAGER_GATEWAY=GATEWAY)
    site.names("notify_pager", "active")
    with site.app.begin() as ctx:
        ada, ben = factories.user(ctx.db, name="Ada King"), factories.user(ctx.db, username="ben")
        group = factories.group(ctx.db, admin=ada, members=[ben])
        ctx.db.flush()
        key = group.key

    browser = site.as_user(ada)
    page = browser.get(f"/g/{key}/integrations/new")
    form = next(one for one in page.forms.values() if "webhook_kind" in one.fields)
    form["name"], form["webhook_kind"] = "Kitchen", "board"
    form["board-address"], form["board-key"] = WALL, "AB-12345"
    refused = form.submit(status=422)
    assert "Two capitals, a dash" in refused.html.select_one("#field-board-key-error").text
    form = next(one for one in refused.forms.values() if "webhook_kind" in one.fields)
    form["board-key"] = "AB-1234"
    shown = form.submit().follow()
    assert "Board on the wall" in shown
    site.as_user(ben).send("/email_preferences/ways/pager", {"number": "+4940777888"}, status=303)
    use = site.browser.get("/admin/plugins").html.select_one("#plugin-notify_pager").text
    assert "1 chat or webhook hears nothing" in use
    assert "1 person is no longer told this way" in use

    def begin(title):
        with site.app.begin() as ctx:
            from llmio.accounts.sessions import identity_of
            from llmio.core.context import Context

            mine = Context(ctx.app, ctx.db, ctx.tm, identity_of(ctx.db.merge(ada)))
            discussions.start_discussion(mine, ctx.db.merge(group), title=title, description="See here, @ben")
        work(site)()

    begin("Buy a loom?")
    posts = site.app.ports.http.posts
    assert {one.url for one in posts} == {WALL, GATEWAY}
    on_wall = next(one for one in posts if one.url == WALL)
    assert (on_wall.headers["X-Board-Key"], json.loads(on_wall.body)["seconds"]) == ("AB-1234", 60)
    assert states(seam_engine) == [("board", "delivered"), ("pager", "delivered")]

    monkeypatch.undo()
    strangers.forget()
    site = start()
    assert "board" not in site.app.plugins.notifiers
    site.serves_everything_else()
    assert "board: its plugin is missing" in site.as_user(ada).get(f"/g/{key}/integrations")
    assert "Its plugin is missing" in site.as_user(ben).get("/email_preferences")
    begin("Buy a second loom?")
    assert states(seam_engine)[1::2] == [("board", "parked"), ("pager", "parked")]

    monkeypatch.syspath_prepend(str(venv.packages))
    strangers.modules.add("llmio_notify_pager")
    site = start(NOTIFY_PAGER_GATEWAY=GATEWAY)
    with site.app.begin() as ctx:
        ctx.enqueue(site.app.jobs["notifications.resume_parked"], True)
    work(site)()
    assert {status for _notifier, status in states(seam_engine)} == {"delivered"}
    assert {one.url for one in site.app.ports.http.posts} == {WALL, GATEWAY}


FIELDS = """
from llmio.plugins import Field, Notifier, Plugin, Reaches, hookimpl

PLUGIN = Plugin("A board", "With fields that are none.")


class Board(Notifier):
    key, title, reaches = "board", "Board", Reaches.CHANNEL
    fields = {fields}

    def send(self, message, target, out):
        raise NotImplementedError


@hookimpl
def llmio_notifiers():
    return [Board()]
"""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('"address"', "fields must be a tuple of Field"),
        ('({"name": "address"},)', "fields must be a tuple of Field"),
        ('(Field("address", "url", "A"), Field("address", "text", "B"))', "two fields of one name"),
        ('(Field("the address", "url", "A"),)', "is no name of a field"),
    ],
)
def test_fields_that_are_none_are_found_when_the_site_starts(strangers, start, fields, words):
    strangers.add("notify_board", FIELDS.format(fields=fields))
    site = start()
    site.names("notify_board", "failed", words)
