"""One's own address for a group: shown, used, made anew."""

from __future__ import annotations

import re

from sqlalchemy import select

from llmio.discussions.models import Discussion


def mine(web, group):
    page = web.get(f"/g/{group.key}/volume").click("my address")
    return page, page.html.find("code").text


def titles(db):
    return set(db.scalars(select(Discussion.title)))


def test_the_address_starts_a_thread_until_it_is_renewed(scene, post, letter, web, db):
    web.sign_in(scene.ada)
    page, address = mine(web, scene.group)
    assert re.fullmatch(rf"kitchen\+u={scene.ada.id}&k=KeyOfAda01@reply\.example\.net", address)
    assert f"mailto:{address}" in {link["href"] for link in page.html.find_all("a", href=True)}
    post(letter(address, sender="elsewhere@example.com", subject="By mail"))
    thread = db.scalars(select(Discussion).where(Discussion.title == "By mail")).one()
    assert thread.author_id == scene.ada.id
    web.send(f"/g/{scene.group.key}/my_address")
    _page, fresh = mine(web, scene.group)
    assert fresh != address
    assert re.search(r"&k=[0-9A-Za-z]{10}@", fresh)
    post(letter(address, subject="With the old key"))
    post(letter(fresh, subject="With the new key"))
    assert titles(db) == {"Lunch", "By mail", "With the new key"}
    assert scene.ben.email_api_key == "KeyOfBen01"


def test_it_is_shown_to_nobody_who_may_not_start_a_thread(scene, mail_host, make, web):
    scene.group.members_can_start_discussions = False
    web.sign_in(scene.ada).get(f"/g/{scene.group.key}/my_address", status=403)
    web.sign_in(make.user(name="Eve")).get(f"/g/{scene.group.key}/my_address", status=(403, 404))


def test_where_no_mail_comes_in_there_is_none(scene, web):
    assert "No address here" in web.sign_in(scene.ada).get(f"/g/{scene.group.key}/my_address")
