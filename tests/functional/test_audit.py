"""The log of administrators' acts: written with the act, read by those whom it concerns, changed by nobody unseen."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from llmio.core import audit
from llmio.core.audit import AuditEntry
from llmio.core.context import OPERATOR
from llmio.groups.models import Membership
from tests import factories as make
from tests.commands import run_command

ISOLATES = dict.fromkeys((0x2068, 0x2069))
"""Signs that set names apart from text of the other direction."""


def acts(db):
    return [(one.act, one.subject_id) for one in db.scalars(select(AuditEntry).order_by(AuditEntry.id))]


@pytest.fixture(autouse=True)
def no_anchors(app):
    """Rows of former tests were rolled back; what was kept aside of them goes, too."""
    audit.anchors_file(app.settings).unlink(missing_ok=True)


def test_acts_of_administrators_are_written_down_with_the_act(web, db):
    root, ada = make.admin_of_site(db, name="Root"), make.user(db, "Ada Lovelace")
    web.sign_in(root)
    web.send(f"/admin/users/{ada.id}/make_admin")
    web.send(f"/admin/users/{ada.id}/unmake_admin")
    web.send(f"/admin/users/{ada.id}/reactivate", expect_errors=True)  # is open: refused, so nothing is written
    assert acts(db) == [("user.make_admin", ada.id), ("user.remove_admin", ada.id)]
    page = web.get("/admin/audit")
    said = [row.text.translate(ISOLATES) for row in page.html.select("li[id^=act-] .row-title")]
    assert said[1] == "Root made Ada Lovelace an administrator of the site"
    only = web.get("/admin/audit?kind=user.remove_admin")
    assert len(only.html.select("li[id^=act-]")) == 1
    assert not web.get("/admin/audit?who=nobody-of-this-name").html.select("li[id^=act-]")


def test_members_read_what_admins_did_in_their_group_and_nobody_else(db, new_browser):
    ada, mel, nat = (make.user(db, name) for name in ("Ada", "Mel", "Nat"))
    group, other = make.group(db, admin=ada, members=[mel, nat]), make.group(db, admin=make.user(db))
    of_nat = db.scalars(select(Membership).where(Membership.user_id == nat.id)).one()
    admin = new_browser().sign_in(ada)
    admin.send(f"/memberships/{of_nat.id}/revoke")
    admin.send(f"/g/{group.key}/join_link")
    page = new_browser().sign_in(mel).get(f"/g/{group.key}/acts")
    told = [one.text.translate(ISOLATES) for one in page.html.select("li[id^=act-] .row-title")]
    assert told[-1] == "Ada removed Nat from the group, or took the invitation back"
    assert len(page.html.select("li[id^=act-]")) == 2
    new_browser().sign_in(make.user(db)).get(f"/g/{group.key}/acts", status=404)
    assert not new_browser().sign_in(db.merge(ada)).get("/profile/acts").html.select("[id=act-99]")
    assert "from the group, or took" in new_browser().sign_in(nat).get("/profile/acts").text
    assert "from the group, or took" not in new_browser().sign_in(mel).get("/profile/acts").text
    new_browser().sign_in(ada).get(f"/g/{other.key}/acts", status=404)


def test_the_page_asks_as_much_for_many_acts_as_for_one(web, db, ctx, queries):
    root = make.admin_of_site(db)
    web.sign_in(root)

    def count(more):
        for _number in range(more):
            audit.note(ctx(root), "user.sign_out", make.user(db), group_id=make.group(db).id)
        web.get("/admin/audit")
        with queries() as sent:
            web.get("/admin/audit")
        return sent.count

    assert count(1) == count(20)


@pytest.mark.parametrize(
    "statement", ["UPDATE llmio.audit_log SET act = 'x'", "DELETE FROM llmio.audit_log", "TRUNCATE llmio.audit_log"]
)
def test_the_database_refuses_to_change_rows(db, ctx, statement):
    audit.note(ctx(), "site.import")
    with pytest.raises(DBAPIError, match="never changed or removed"), db.begin_nested():
        db.execute(text(statement))
    assert len(acts(db)) == 1


BREAKS = {
    "changed": ("UPDATE llmio.audit_log SET actor_id = 7 WHERE id = 3", 3, "changed"),
    "details": ("""UPDATE llmio.audit_log SET details = '{"n": 99}' WHERE id = 2""", 2, "changed"),
    "removed": ("DELETE FROM llmio.audit_log WHERE id = 2", 2, "missing"),
    "cut off": ("DELETE FROM llmio.audit_log WHERE id > 3", 4, "the end is missing"),
    "emptied": ("DELETE FROM llmio.audit_log", 1, "the end is missing"),
}


@pytest.fixture
def chain(committed_db, app):
    """Five committed rows."""
    for number in range(5):
        with app.begin(OPERATOR) as context:
            audit.note(context, "site.import", n=number, word="é")
    return committed_db


def tamper(committed_db, statement):
    """Change rows as only the owner of the database can."""
    with committed_db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE llmio.audit_log DISABLE TRIGGER audit_log_kept"))
        connection.execute(text(statement))
        connection.execute(text("ALTER TABLE llmio.audit_log ENABLE TRIGGER audit_log_kept"))


def verified(app, committed_db, *more):
    env = {
        "DATABASE_URL": committed_db.url,
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": app.settings.text("llmio.data"),
        "SECRET_COOKIE_TOKEN": "x" * 40,
    }
    return run_command("audit", "verify", *more, env=env)


def test_a_whole_chain_is_found_whole(app, chain):
    said = verified(app, chain)
    assert (said.code, "5 rows, 5 of them read" in said.stdout) == (0, True), said
    head = json.loads(verified(app, chain, "--json").stdout)["head"]
    assert verified(app, chain, "--head", f"5:{head}").code == 0
    assert verified(app, chain, "--head", f"6:{head}").code == 1
    assert "ROW:DIGEST" in verified(app, chain, "--head", "nonsense").stderr


@pytest.mark.parametrize("how", BREAKS)
def test_the_first_broken_row_is_named(app, chain, how):
    statement, row, reason = BREAKS[how]
    tamper(chain, statement)
    said = verified(app, chain, "--json")
    found = json.loads(said.stdout)
    assert (said.code, found["broken"]) == (1, row)
    assert reason in found["reason"]


def test_a_chain_that_was_written_anew_is_found_by_what_was_kept_aside(app, chain):
    tamper(chain, "UPDATE llmio.audit_log SET act = 'user.sign_out' WHERE id = 2")
    with app.begin(OPERATOR) as context:
        before, rows = audit.FIRST, []
        for one in context.db.scalars(select(AuditEntry).order_by(AuditEntry.id)):
            before = audit.digest_of(one, before)
            rows.append((one.id, before))
    for number, digest in rows:
        tamper(chain, f"UPDATE llmio.audit_log SET digest = '{digest}' WHERE id = {number}")  # our own values
    found = json.loads(verified(app, chain, "--json").stdout)
    assert (found["broken"], "written anew" in found["reason"]) == (2, True)


def test_many_at_once_make_one_chain(app, committed_db):
    def write():
        for _turn in range(5):
            with app.begin(OPERATOR) as context:
                audit.note(context, "site.import")

    threads = [threading.Thread(target=write) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with app.begin(OPERATOR) as context:
        found = audit.verify(context.db, audit.anchors_of(app.settings))
    assert (found.rows, found.broken) == (20, None)
    assert len(audit.anchors_of(app.settings)) == 20


def test_a_switch_is_in_the_log(web, db):
    web.sign_in(make.admin_of_site(db))
    web.send("/admin/features/features.disable_create_group", {"value": "1"})
    entry = db.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.details["key"], entry.details["after"]) == (
        "features.switch",
        "features.disable_create_group",
        True,
    )
