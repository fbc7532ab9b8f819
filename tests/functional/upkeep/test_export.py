"""Exports of groups: everything of the group, nothing of others, no secret; for its admins alone."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from llmio.files.models import Attachment, Blob, Document
from llmio.groups.models import Tag
from llmio.notifications.models import Notification
from llmio.polls.models import Outcome
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service import exports

ORDER = [
    "groups", "users", "events", "notifications", "reactions", "tags", "poll_templates", "discussion_templates",
    "memberships", "membership_requests", "discussions", "polls", "poll_options", "outcomes", "stances",
    "stance_choices", "stance_receipts", "discussion_readers", "comments", "attachments",
]  # fmt: skip


@pytest.fixture
def ada(make):
    return make.user(name="Ada", email="ada@example.org", api_key="opensesame", encrypted_password="$2b$opensesame")


@pytest.fixture
def ben(make):
    return make.user(name="Ben", email="ben@example.org", unsubscribe_token="opensesame-ben")


@pytest.fixture
def group(make, db, ada, ben):
    group = make.group("Bakery", admin=ada, members=[ben], token="opensesame-group")
    thread = make.discussion(group, author=ada, title="Oven", description="**Which** oven?")
    comment = make.comment(thread, author=ben, body="=cmd|' /C calc'!A0")
    make.reaction(comment, user=ada)
    make.comment(thread, author=ben, body="taken back", discarded_at=thread.last_activity_at)
    make.reader(thread, ben)
    poll = make.poll(discussion=thread, author=ada, title="Buy it?")
    make.stance(poll, ben, choices={"agree": 1}, reason="It is warm.", token="opensesame-stance")
    make.outcome(poll, author=ada)
    db.add(Tag(group_id=group.id, name="warm"))
    db.add(Notification(user_id=ben.id, event_id=db.scalar(text("SELECT max(id) FROM events"))))
    blob = Blob(key="b1", filename="oven.pdf", content_type="application/pdf", byte_size=3, service_name="local")
    db.add(blob)
    db.flush()
    db.add(Attachment(name="files", record_type="Comment", record_id=comment.id, blob_id=blob.id))
    db.flush()
    return group


@pytest.fixture
def export(web, ada, group, run_jobs):
    """`export("json")`: the text of the file that the admin downloads."""

    def made(form):
        web.sign_in(ada)
        page = web.get(f"/g/{group.key}/export")
        page = web.send(f"/g/{group.key}/export", {"format": form}).follow()
        assert "Waits for its turn" in page
        assert "being made" in web.get(f"/g/{group.key}/export")
        run_jobs()
        page = web.get(page.request.path)
        page = page.click("See what came of it")
        return page.click(f"bakery.{form}").body.decode()

    return made


def test_json_lines_hold_everything_in_order_and_no_secret(export, group, ada, ben, make):
    stranger = make.comment(make.discussion(), body="of others")
    text = export("json")
    rows = [json.loads(line) for line in text.splitlines()]
    assert list(dict.fromkeys(row["table"] for row in rows)) == [
        name for name in ORDER
        if name not in ("poll_templates", "discussion_templates", "membership_requests", "stance_receipts")
    ]  # fmt: skip
    assert "opensesame" not in text
    assert "of others" not in text
    assert "taken back" not in text
    people = {row["record"]["email"] for row in rows if row["table"] == "users"}
    assert people == {ada.email, ben.email}
    assert stranger.id not in {row["record"]["id"] for row in rows if row["table"] == "comments"}
    file = next(row["record"] for row in rows if row["table"] == "attachments")
    assert list(file) == ["id", "host", "record_type", "record_id", "name", "filename", "content_type", "path", "url",
                          "checksum", "byte_size"]  # fmt: skip
    assert file["url"] == file["host"] + file["path"]
    created = next(row["record"]["created_at"] for row in rows if row["table"] == "groups")
    assert created.endswith("Z")


@pytest.mark.parametrize("fields", [{"anonymous": True}, {"hide_results": 2}])
def test_secret_polls_are_left_out_while_they_are_open(export, group, make, ben, clock, fields):
    secret = make.poll(group=group, title="Whisper", **fields)
    make.stance(secret, ben, choices={"agree": 1}, reason="psst")
    text = export("json")
    assert "Whisper" not in text
    assert "psst" not in text
    assert str(secret.id) not in [
        str(row["record"]["eventable_id"])
        for row in map(json.loads, text.splitlines())
        if row["table"] == "events" and row["record"]["eventable_type"] == "Poll"
    ]


def test_csv_has_the_sections_and_no_formula(export):
    text = export("csv")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    headings = [row[0] for row in rows if len(row) == 1]
    assert headings == ["Groups", "Memberships", "Discussions", "Comments", "Polls", "Stances", "Outcomes"]
    cells = {cell for row in rows for cell in row}
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith("=")]
    assert "It is warm." in cells
    assert "agree: 1" in cells
    assert "taken back" not in cells


def test_html_can_be_read_and_holds_no_script(export, group, db):
    db.execute(text("UPDATE comments SET body = '<script>alert(1)</script>hello' WHERE body LIKE '=cmd%'"))
    page = export("html")
    assert "<h1>Bakery</h1>" in page
    assert "Oven" in page
    assert "It is warm." in page
    assert "<script" not in page
    assert "taken back" not in page


def test_html_leads_to_the_files_that_it_does_not_hold(export, group, db):
    body = '<p>Look: <img src="/files/7/oven.png" alt="oven"></p>'
    files = json.dumps([{"filename": "<oven>.pdf", "download_url": "/files/8/oven.pdf"}])
    db.execute(
        text("UPDATE comments SET body = :body, body_format = 'html', attachments = :files WHERE body LIKE '=cmd%'"),
        {"body": body, "files": files},
    )
    page = export("html")
    assert 'src="http://localhost/files/7/oven.png"' in page
    assert '<a href="http://localhost/files/8/oven.pdf">&lt;oven&gt;.pdf</a>' in page
    assert "They are kept at http://localhost, which asks for a sign-in." in page


def test_the_link_comes_by_mail_and_only_its_author_may_follow_it(export, web, group, ada, ben, make, mailbox, db):
    export("json")
    mail = mailbox.last(ada.email)
    assert f"/g/{group.key}/export" in mail.text
    blob = db.scalars(select(Blob).where(Blob.filename.like("%bakery.json"))).one()
    path = f"/files/{blob.id}/{blob.filename}"
    assert web.get(path).status_int == 200
    for other in (ben, make.user()):
        web.sign_in(other)
        web.get(path, status=404)
    web.sign_out()
    assert web.get(path, expect_errors=True).status_int in (303, 401, 403, 404)


def test_members_cannot_export(web, group, ben, run_jobs, db):
    web.sign_in(ben)
    assert web.get(f"/g/{group.key}/export", expect_errors=True).status_int == 403
    web.send(f"/g/{group.key}/export", {"format": "json"}, status=403)
    assert db.scalars(select(Document)).all() == []


def test_who_is_no_admin_any_more_when_the_job_runs_gets_nothing(web, group, ada, make, run_jobs, db, mailbox):
    web.sign_in(ada)
    web.send(f"/g/{group.key}/export", {"format": "json"})
    db.execute(text("UPDATE memberships SET admin = false"))
    run_jobs()
    assert db.scalars(select(Attachment).where(Attachment.record_type == "Document")).all() == []
    assert mailbox.mails == []


def test_subgroups_that_the_admin_leads_come_along_and_no_others(web, export, group, make, ada, ben):
    mine, other = make.group(admin=ada, parent_id=group.id), make.group(admin=ben, parent_id=group.id)
    make.discussion(mine, title="Within mine")
    make.discussion(other, title="Within another")
    text = export("json")
    assert "1 subgroup that you lead comes along" in web.get(f"/g/{group.key}/export")
    assert "Within mine" in text
    assert "Within another" not in text


def test_the_job_run_twice_makes_one_file(app, export, db, mailbox):
    export("json")
    document = db.scalars(select(Document)).one()
    app.jobs["upkeep.export_group"].run(app, document.id)
    assert len(db.scalars(select(Attachment).where(Attachment.record_type == "Document")).all()) == 1
    assert len(mailbox.mails) == 1


def test_two_at_once_are_refused_and_so_is_an_unknown_kind(web, ada, group):
    web.sign_in(ada)
    web.send(f"/g/{group.key}/export", {"format": "json"}).follow()
    assert web.send(f"/g/{group.key}/export", {"format": "csv"}, expect_errors=True).status_int == 409
    assert "Please choose one of the options" in web.send(f"/g/{group.key}/export", {"format": "exe"}, status=422)


def test_an_export_that_failed_stands_in_nobodys_way(web, ada, group, clock, monkeypatch, run_jobs, app):
    def fail(*_args):
        raise RuntimeError("no disk")

    clock.set(clock.now())
    web.sign_in(ada)
    with monkeypatch.context() as broken:
        broken.setattr("llmio.upkeep.service.exports.jsonl.lines", fail)
        broken.setitem(exports.FORMATS, "json", ("application/json", fail))
        page = web.send(f"/g/{group.key}/export", {"format": "json"}).follow()
        run_jobs(failures=True)
        assert "no disk" in web.get(page.request.path)
    clock.move(hours=1, seconds=1)
    assert web.send(f"/g/{group.key}/export", {"format": "json"}).status_int == 303


def test_after_a_week_the_export_is_gone(export, db, clock, run_jobs, web, group):
    clock.set(clock.now())
    export("csv")
    clock.set(clock.now() + timedelta(days=6))
    run_jobs()
    assert len(db.scalars(select(Document)).all()) == 1
    clock.set(clock.now() + timedelta(days=1))
    run_jobs()
    assert db.scalars(select(Document)).all() == []
    assert "bakery.csv" not in web.get(f"/g/{group.key}/export")


def test_a_large_export_takes_no_more_statements(web, ada, group, make, db, queries, app, ctx):
    from llmio.upkeep.export import jsonl
    from llmio.upkeep.export.selection import Selection

    def sent():
        with queries() as statements:
            list(jsonl.lines(ctx(ada), Selection([group.id])))
        return statements.count

    before = sent()
    thread = make.discussion(group)
    for _number in range(30):
        make.comment(thread)
    assert sent() == before
    assert db.scalar(select(Outcome.id)) is not None


@pytest.mark.parametrize(("form", "few", "many"), [("json", 300, 3000), ("csv", 200, 2000), ("html", 100, 1000)])
def test_the_memory_of_an_export_does_not_grow_with_the_group(group, make, db, app, queries, ada, form, few, many):
    """Comments of a kilobyte: ten times as many take no more memory than a stretch of rows, and no more statements."""
    thread = make.discussion(group, title="Long")
    run = text(
        "INSERT INTO comments (discussion_id, user_id, parent_type, parent_id, body, body_format, created_at, updated_at) "
        "SELECT :id, :user, 'Discussion', :id, repeat('word ', 200) || n, 'md', now(), now() FROM generate_series(1, :count) n"
    )
    events = text(
        "INSERT INTO events (kind, eventable_type, eventable_id, discussion_id, sequence_id, position_key, depth, created_at, updated_at) "
        "SELECT 'new_comment', 'Comment', c.id, c.discussion_id, 1000 + c.id, lpad(c.id::text, 9, '0'), 1, now(), now() FROM comments c "
        "WHERE c.discussion_id = :id AND NOT EXISTS (SELECT FROM events e WHERE e.eventable_type = 'Comment' AND e.eventable_id = c.id)"
    )
    lines = exports.FORMATS[form][1]

    def peak():
        db.flush()
        with app.begin() as one:
            tracemalloc.start()
            size = sum(len(line) for line in lines(one, Selection([group.id])))
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return size, found

    db.execute(run, {"id": thread.id, "user": ada.id, "count": few})
    db.execute(events, {"id": thread.id})
    with queries() as at_first:
        size, before = peak()
    db.execute(run, {"id": thread.id, "user": ada.id, "count": many - few})
    db.execute(events, {"id": thread.id})
    with queries() as later:
        larger, after = peak()
    assert larger > 5 * size
    assert after < before + 6_000_000, (before, after)
    assert later.count <= at_first.count + many // 500, str(later)
