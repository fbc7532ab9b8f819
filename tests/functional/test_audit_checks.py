"""Checking the log of acts: by a job, what is new by itself, and what was verified and changed since."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from llmio.core import audit
from llmio.core.context import OPERATOR
from tests import factories as make
from tests.functional.test_audit import tamper, verified


@pytest.fixture(autouse=True)
def no_anchors(app):
    audit.anchors_file(app.settings).unlink(missing_ok=True)


def add(app, count):
    for number in range(count):
        with app.begin(OPERATOR) as context:
            audit.note(context, "site.import", n=number)


@pytest.fixture
def site(committed_db, app):
    """A log of five rows on a database of its own, checked by the command or by jobs, changed behind its back."""
    add(app, 5)

    def check(*more):
        said = verified(app, committed_db, "--json", *more)
        return json.loads(said.stdout)

    return SimpleNamespace(check=check, add=lambda count: add(app, count), tamper=lambda how: tamper(committed_db, how))


def test_a_check_of_what_is_new_begins_where_the_last_one_ended(site):
    assert (site.check("--new")["read"], site.check("--new")["read"]) == (5, 0)
    site.add(3)
    assert (site.check("--new")["read"], site.check()["read"], site.check("--new")["read"]) == (3, 8, 0)


def test_what_was_verified_and_changed_since_is_found_by_a_whole_check_alone(site):
    site.check()
    site.tamper("UPDATE llmio.audit_log SET actor_id = 7 WHERE id = 3")
    site.add(1)
    assert site.check("--new")["broken"] is None
    assert (site.check()["broken"], site.check("--new")["broken"]) == (3, 3)


BREAKS = {
    "a new row": ("UPDATE llmio.audit_log SET act = 'x' WHERE id = 7", 7, "changed"),
    "a new row gone": ("DELETE FROM llmio.audit_log WHERE id = 6", 6, "missing"),
    "the last verified row gone": ("DELETE FROM llmio.audit_log WHERE id = 5", 5, "missing"),
    "the last verified digest": ("UPDATE llmio.audit_log SET digest = repeat('a', 64) WHERE id = 5", 5, "changed"),
    "cut off": ("DELETE FROM llmio.audit_log WHERE id > 6", 7, "end"),
    "cut off before": ("DELETE FROM llmio.audit_log WHERE id > 3", 5, "missing"),
    "emptied": ("DELETE FROM llmio.audit_log", 5, "missing"),
    "put before all": ("UPDATE llmio.audit_log SET id = -2 WHERE id = 8", -2, "added"),
    "a moment that is none": ("UPDATE llmio.audit_log SET at = 'infinity' WHERE id = 7", 7, "changed"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_check_of_what_is_new_finds(site, how):
    statement, row, fault = BREAKS[how]
    site.check()
    site.add(3)
    site.tamper(statement)
    found = site.check("--new")
    assert (found["broken"], found["fault"]) == (row, fault)
    assert site.check("--new")["broken"] == row, "found again, as long as it is so"


def test_an_administrator_has_it_checked_and_sees_when_and_what_came_of_it(web, db, ctx, run_jobs, clock, caplog):
    web.sign_in(make.admin_of_site(db))
    for _number in range(3):
        audit.note(ctx(), "site.import")
    assert "never" in web.get("/admin/audit").text
    asked = web.send("/admin/audit", {"what": "all"}, status=303)
    assert web.send("/admin/audit", {"what": "all"}).location == asked.location, "one that is under way is not doubled"
    assert "Waits for its turn" in web.get("/admin/audit").text
    run_jobs()
    assert "/admin/audit" in asked.follow().html.select_one(".work a")["href"]
    assert "3 rows, all well" in web.get("/admin/audit").text
    web.send("/admin/audit", {"what": "new"})
    run_jobs()
    assert "0 rows, all well" in web.get("/admin/audit").text
    db.execute(text("ALTER TABLE llmio.audit_log DISABLE TRIGGER audit_log_kept"))
    db.execute(text("UPDATE llmio.audit_log SET actor_id = 7 WHERE id = 2"))
    clock.move(minutes=1)
    for what, seen in (("new", False), ("all", True), ("new", True)):
        web.send("/admin/audit", {"what": what})
        run_jobs()
        for path in ("/admin/audit", "/admin"):
            assert ("row 2 is not as it was written" in web.get(path).text) == seen, (what, path)
    assert "audit log: row 2: this row or its digest was changed" in caplog.text


def test_the_whole_log_is_read_each_night_and_what_is_new_each_hour(app, db, ctx, run_jobs, web):
    schedules = {one.job.name: one for one in app.schedules}
    assert (schedules["admin.check_acts"].every, schedules["admin.check_new_acts"].every) == (86400, 3600)
    audit.note(ctx(), "site.import")
    app.jobs["admin.check_acts"](app)
    web.sign_in(make.admin_of_site(db))
    assert "1 row, all well" in web.get("/admin/audit").text
    assert "Checking the log" not in web.get("/admin/jobs").text, "what comes by the clock is no long work to show"


def test_nobody_else_has_it_checked(web, db):
    web.sign_in(make.user(db)).send("/admin/audit", {"what": "all"}, status=403)


TAMPERED = [
    ("at", "'infinity'"),
    ("at", "'-infinity'"),
    ("at", "'0044-03-15 12:00+00 BC'"),
    ("at", "'294000-01-01'"),
    ("act", "'user.nonsense'"),
    ("details", "'[]'"),
    ("details", "'7'"),
    ("details", "'null'"),
    ("details", """'{"changes": 7, "user_id": "x", "author_id": [1]}'"""),
    ("details", """'{"changes": {"name": [1, 2, 3]}, "user_id": 1e30}'"""),
    ("details", """'{"key": {}, "name": [1], "user_id": true}'"""),
    ("subject_id", "9000000000000000000"),
    ("group_id", "9000000000000000000"),
]


def test_rows_that_were_tampered_with_are_shown_like_any_other(web, db, ctx):
    root, group = make.admin_of_site(db), make.group(db)
    make.membership(db, group, root)
    for _row in TAMPERED:
        audit.note(ctx(), "group.update", group, group_id=group.id, user_id=root.id)
        audit.note(ctx(), "features.switch", root, group_id=group.id)
    db.execute(text("ALTER TABLE llmio.audit_log DISABLE TRIGGER audit_log_kept"))
    for number, (column, value) in enumerate(TAMPERED):
        db.execute(text(f"UPDATE llmio.audit_log SET {column} = {value} WHERE (id - 1) / 2 = {number}"))
    db.expire_all()
    web.sign_in(root)
    assert len(web.get("/admin/audit").html.select("[id^=act-]")) == 2 * len(TAMPERED)
    assert "at no moment that can be read" in web.get("/admin/audit").text
    for path in (f"/g/{group.key}/acts", "/profile/acts"):
        assert web.get(path).html.select("[id^=act-]"), path
