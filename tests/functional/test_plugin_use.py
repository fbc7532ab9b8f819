"""`/admin/plugins` says what uses a plugin before it is switched off, and who switched it."""

from __future__ import annotations

import pytest

from llmio.files.models import Blob
from llmio.integrations.models import Chatbot
from tests import factories as make


@pytest.fixture
def admin(web, db):
    return web.sign_in(make.admin_of_site(db, name="Root"))


def card(web, name):
    return web.get("/admin/plugins").html.select_one(f"#plugin-{name}")


def test_what_uses_a_plugin_is_said_before(web, admin, db):
    assert "Nothing on this site uses it now." in card(web, "poll_proposal").text
    group = make.group(db)
    for fields in ({}, {"closed_at": make.now()}, {"discarded_at": make.now()}):
        make.poll(db, discussion=make.discussion(db, group), poll_type="proposal", **fields)
    make.add(db, Chatbot(kind="webhook", webhook_kind="slack", group_id=group.id, name="Chat"))
    make.add(db, Blob(key="k", filename="f", service_name="local", byte_size=1, checksum="x"))
    expected = {
        "poll_proposal": "2 polls are shown as they stand and take no votes (1 of them open now).",
        "webhook_slack": "1 chat or webhook hears nothing; its messages wait.",
        "notify_webhook": "1 chat or webhook hears nothing; its messages wait.",
        "storage_disk": "1 file cannot be read.",
        "notify_email": "Notices by mail wait until it is on again.",
        "search_postgres": "The search of this site stops.",
    }
    for name, words in expected.items():
        assert words in card(web, name).select_one(".plugin-use").text
        assert words in card(web, name).select_one(".plugin-acts").text  # asked again before it is done
    assert "Nothing on this site uses it now." in card(web, "webhook_discord").text


def test_the_page_asks_as_much_for_much_use_as_for_little(web, admin, db, queries):
    def asked():
        with queries() as sent:
            web.get("/admin/plugins")
        return sent.count

    few = asked()
    group = make.group(db)
    for kind in ("proposal", "poll", "score") * 5:
        make.poll(db, discussion=make.discussion(db, group), poll_type=kind)
    assert asked() == few


def test_who_switched_a_plugin_is_kept(web, admin, clock):
    web.send("/admin/plugins/webhook_discord/switch", {"on": "0"})
    web.send("/admin/plugins/webhook_discord/switch", {"on": "0"})  # changes nothing more
    web.send("/admin/plugins/webhook_discord/switch", {"on": "1"})
    lines = [one.text for one in web.get("/admin/plugins").html.select(".rows .row-item")]
    assert len(lines) == 2
    assert all("webhook_discord" in line and "Root" in line for line in lines)
    assert ["Off" in line for line in lines] == [False, True]
