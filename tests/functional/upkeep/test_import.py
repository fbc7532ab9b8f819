"""Imports of exported groups: all of it comes back, twice by choice alone, and what cannot be read is listed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections import Counter

import pytest
from sqlalchemy import func, select, text
from webtest import Upload

from llmio.accounts.models import User
from llmio.core.audit import AuditEntry
from llmio.core.outbox import Outbox
from llmio.core.ports import HttpAnswer
from llmio.discussions.models import Comment, Discussion
from llmio.files import service as files
from llmio.files.models import Attachment, Blob
from llmio.groups.models import Group, Membership, Tag
from llmio.polls.models import Poll, PollOption, Stance
from llmio.upkeep.export import jsonl
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.models import GroupImport
from llmio.upkeep.service.records import table
from tests import factories
from tests.functional.test_file_previews import photo
from tests.functional.test_files import rails_id

BYTES = b"%PDF-1.4 an oven, in words"
COUNTED = (
    "groups", "tags", "memberships", "discussions", "comments", "polls", "poll_options", "stances", "stance_choices",
    "outcomes", "reactions", "discussion_readers", "events", "notifications", "active_storage_attachments",
)  # fmt: skip
ALL = (
    *COUNTED,
    "users",
    "active_storage_blobs",
    "pg_search_documents",
    "partition_sequences",
    "subscriptions",
    "login_tokens",
)


def counts(db, of=COUNTED):
    db.flush()
    return {name: db.scalar(select(func.count()).select_from(table(name))) for name in of}


def totals(db):
    db.expire_all()
    query = select(Poll.title, PollOption.name, PollOption.total_score, PollOption.voter_count).join(
        PollOption, PollOption.poll_id == Poll.id
    )
    return sorted(tuple(row) for row in db.execute(query))


@pytest.fixture
def group(make, db, app, ctx):
    """A group with one of everything, in which Ada and Ben wrote."""
    ada, ben = (
        make.user(name="Ada", email="ada@example.org", username="ada"),
        make.user(name="Ben", email="ben@example.org"),
    )
    group = make.group("Bakery", admin=ada, members=[ben], handle="bakery")
    thread = make.discussion(group, author=ada, title="Oven", description="Which oven?", tags=["warm"])
    comment = make.comment(thread, author=ben, body="The big one")
    make.comment(thread, author=ada, body="Or two small ones", parent=comment)
    make.reaction(comment, user=ada)
    make.reader(thread, ben)
    poll = make.poll(discussion=thread, author=ada, title="Buy it?", closed_at=factories.now())
    make.stance(poll, ada, choices={"agree": 1})
    make.stance(poll, ben, choices={"disagree": 1}, reason="It is too warm.")
    make.outcome(poll, author=ada)
    app.jobs["polls.recount"].run(ctx(), poll.id)
    db.add(Tag(group_id=group.id, name="warm", color="#ff0000"))
    db.execute(
        table("notifications")
        .insert()
        .values(user_id=ben.id, event_id=db.scalar(text("SELECT max(id) FROM events")), translation_values={})
    )
    checksum = base64.b64encode(hashlib.md5(BYTES, usedforsecurity=False).digest()).decode()
    blob = Blob(
        key="b1",
        filename="oven.pdf",
        content_type="application/pdf",
        byte_size=len(BYTES),
        checksum=checksum,
        service_name="local",
    )
    db.add(blob)
    db.flush()
    db.add(Attachment(name="files", record_type="Comment", record_id=comment.id, blob_id=blob.id))
    db.flush()
    return group


@pytest.fixture
def exported(group, app, ctx, http):
    """The lines of its export; its file can be fetched."""
    admin = ctx()
    lines = list(jsonl.lines(admin, Selection([group.id])))
    for line in lines:
        row = json.loads(line)
        if row["table"] == "attachments":
            http.files[row["record"]["url"]] = BYTES
    return lines


@pytest.fixture
def elsewhere(exported):
    """The export as another site would write it."""
    return [line.replace("http://localhost", "https://old.example.org") for line in exported]


@pytest.fixture
def emptied(db):
    """`emptied()`: a site on which nobody has been."""

    def done():
        db.flush()
        db.expunge_all()
        db.execute(text("TRUNCATE " + ", ".join(f"public.{name}" for name in ALL) + " CASCADE"))
        db.execute(text("DELETE FROM llmio.outbox"))

    return done


@pytest.fixture
def hand_in(web, db, run_jobs):
    """`hand_in(lines)`: what an administrator sees after the import."""

    def done(lines, *, run=True, failures=False, **fields):
        admin = db.scalars(select(User).where(User.is_admin)).first() or factories.admin_of_site(
            db, email="root@example.org"
        )
        web.sign_in(admin)
        content = "".join(lines).encode() if isinstance(lines, list) else lines
        page = web.send("/admin/imports", {"file": Upload("bakery.json", content), **fields})
        if not run:
            return page
        assert "site.import" in db.scalars(select(AuditEntry.act))
        page = page.follow()
        assert "Waits for its turn" in page
        run_jobs(failures=failures)
        db.expire_all()
        return web.get(page.request.path).click("See what came of it")

    return done


def test_a_group_exported_and_imported_into_an_empty_site_is_the_same(
    db, group, elsewhere, http, emptied, hand_in, run_jobs, web, mailbox
):
    http.files = {url.replace("http://localhost", "https://old.example.org"): data for url, data in http.files.items()}
    run_jobs()
    before, points = counts(db), totals(db)
    assert all(before.values()), before
    old = {name: getattr(group, name) for name in ("id", "key", "handle", "token")}
    emptied()
    mailbox.reset()
    page = hand_in(elsewhere)
    assert counts(db) == before
    assert totals(db) == points
    assert [row[1:] for row in points if row[2]] == [("agree", 1, 1), ("disagree", 1, 1)]
    new = db.scalars(select(Group)).one()
    assert (new.key, new.handle) == (old["key"], old["handle"])
    assert new.token != old["token"]
    assert (new.memberships_count, new.admin_memberships_count) == (2, 1)
    blob = db.scalars(select(Blob).join(Attachment, Attachment.blob_id == Blob.id)).one()
    assert blob.checksum == base64.b64encode(hashlib.md5(BYTES, usedforsecurity=False).digest()).decode()
    comment = db.scalars(select(Comment).where(Comment.body == "The big one")).one()
    assert comment.attachments[0]["filename"] == "oven.pdf"
    assert web.get(comment.attachments[0]["download_url"], expect_errors=True).status_int in (200, 404)
    assert mailbox.mails == []
    assert "Not read" not in page
    assert "Named anew" not in page
    assert files_told(page) == ("1", "1", [])

    ada = db.scalars(select(User).where(User.email == "ada@example.org")).one()
    assert (ada.name, ada.email_verified, ada.is_admin) == ("Ada", False, False)
    web.sign_in(ada)
    thread = web.get(f"/d/{db.scalars(select(Discussion)).one().key}").maybe_follow()
    for words in ("Which oven?", "The big one", "Or two small ones"):
        assert words in thread
    assert "It is too warm." in web.get(f"/p/{db.scalars(select(Poll)).one().key}").maybe_follow()
    assert "Oven" in web.get("/search?q=oven")
    answer = db.scalars(select(Comment).where(Comment.body == "Or two small ones")).one()
    assert (answer.parent_type, answer.parent_id) == ("Comment", comment.id)
    assert web.get(comment.attachments[0]["download_url"]).body == BYTES


def test_twice_changes_nothing_or_makes_a_second_copy(db, exported, emptied, hand_in):
    emptied()
    hand_in(exported)
    before = counts(db)
    page = hand_in(exported)
    assert "Nothing was changed" in page
    assert counts(db) == before
    page = hand_in(exported, again="1")
    after = counts(db)
    assert after == {name: 2 * count for name, count in before.items()}
    assert "bakery-2" in page
    assert "Named anew" in page
    assert len(set(db.scalars(select(Group.handle)))) == 2
    assert len(set(db.scalars(select(Discussion.key)))) == 2
    assert db.scalar(select(func.count()).select_from(User)) == 3
    assert Counter(row[:2] for row in totals(db)).most_common(1)[0][1] == 2


def test_people_are_found_by_address_and_keep_what_is_theirs(db, exported, emptied, hand_in, make):
    emptied()
    ada = factories.user(db, name="Ada of here", email="ADA@example.org", username="ada2")
    factories.user(db, name="Somebody", username=json.loads(exported[1])["record"]["username"] or "x")
    page = hand_in(exported)
    assert db.get(User, ada.id).name == "Ada of here"
    assert db.get(User, ada.id).email_verified
    assert db.scalar(select(Discussion.author_id)) == ada.id
    assert db.scalar(select(func.count()).select_from(User).where(User.email.ilike("ada@%"))) == 1
    assert "People who got one" in page


def test_nothing_in_a_file_makes_administrators_or_opens_doors(db, exported, emptied, hand_in):
    emptied()
    rows = [json.loads(line) for line in exported]
    for row in rows:
        row["record"] |= {"is_admin": True, "bot": True, "email_verified": True, "token": "mine", "encrypted_password": "mine", "api_key": "mine", "secret_token": "mine", "unsubscribe_token": "mine"}  # fmt: skip
    hand_in([json.dumps(row) + "\n" for row in rows])
    ben = db.scalars(select(User).where(User.email == "ben@example.org")).one()
    assert (ben.is_admin, ben.bot, ben.email_verified, ben.encrypted_password) == (False, False, False, "")
    assert "mine" not in (ben.api_key, ben.secret_token, ben.unsubscribe_token)
    for model in (Group, Membership, Stance):
        assert "mine" not in db.scalars(select(model.token)).all()


def test_lines_that_cannot_be_read_are_listed_and_the_others_come(db, exported, emptied, hand_in):
    emptied()
    bad = [
        "this is no JSON\n",
        '{"table": "comments"}\n',
        '{"table": "chatbots", "record": {"id": 1}}\n',
        '{"table": "comments", "record": {"body": "without id"}}\n',
        '{"table": "comments", "record": {"id": 900001, "discussion_id": 4242, "body": "lost", "parent_type": "Discussion", "parent_id": 4242}}\n',
        json.dumps({"table": "tags", "record": {"id": 900002, "group_id": json.loads(exported[0])["record"]["id"], "name": ["no", "text"]}}) + "\n",
        json.dumps({"table": "discussions", "record": {"id": 900003, "title": "no time", "created_at": "yesterday"}}) + "\n",
        json.dumps({"table": "discussions", "record": {"id": 900004, "group_id": json.loads(exported[0])["record"]["id"], "title": "nul \0"}}) + "\n",
        exported[0],
    ]  # fmt: skip
    page = hand_in([*exported, *bad])
    found = db.scalars(select(GroupImport)).one().report
    assert [one["line"] for one in found["faults"]] == [len(exported) + number for number in range(1, 10)]
    words = page.html.select_one("#faults").text
    assert "This is no JSON" in words
    assert "Rows of table chatbots are not imported." in words
    assert "discussion_id 4242 did not come along." in words
    assert "created_at is no moment: yesterday." in words
    assert "name is no text: ['no', 'text']." in words
    assert "was in the file before" in words
    assert db.scalar(select(func.count()).select_from(Comment)) == 2
    assert db.scalars(select(Discussion.title)).all() == ["Oven"]


def test_what_the_reference_writes_is_read(db, hand_in):
    """Other names of tables, columns of other versions, offsets in times, few columns, subgroups, a deleted person."""
    rows = [
        ("group", {"id": 7, "name": "Coop", "key": "coopkey1", "handle": "coop", "parent_id": 99, "cohort_id": 3, "created_at": "2024-05-06T07:08:09.123Z"}),
        ("groups", {"id": 8, "name": "Below", "key": "below001", "parent_id": 7, "created_at": "2024-05-06T07:08:09.123Z"}),
        ("all_users", {"id": 70, "name": None, "email": None, "username": None}),
        ("all_users", {"id": 71, "name": "Åsa", "email": "Asa@Example.org", "username": "asa", "avatar_kind": "uploaded", "gone_column": 1}),
        ("all_tags", {"id": 5, "group_id": 7, "name": "budget", "color": "#123456"}),
        ("memberships", {"id": 9, "group_id": 7, "user_id": 71, "inviter_id": 4711, "admin": True, "accepted_at": "2024-05-06T09:08:09+02:00"}),
        ("discussions", {"id": 10, "group_id": 7, "author_id": 70, "title": "Plans", "key": "planskey", "tags": ["budget"], "info": {}, "created_at": "2024-05-06T07:08:09.123Z"}),
        ("comments", {"id": 11, "discussion_id": 10, "user_id": 71, "parent_type": "Discussion", "parent_id": 10, "body": "<p>Yes</p>", "body_format": "html"}),
    ]  # fmt: skip
    page = hand_in("".join(json.dumps({"table": name, "record": record}) + "\n" for name, record in rows).encode())
    assert "Not read" not in page
    assert "users.gone_column" in page
    coop, below = db.scalars(select(Group).order_by(Group.id)).all()
    assert (coop.parent_id, below.parent_id) == (None, coop.id)
    member = db.scalars(select(Membership)).one()
    assert (member.accepted_at.hour, member.inviter_id, member.admin) == (7, None, True)
    assert member.user_id == db.scalar(select(User.id).where(User.email == "asa@example.org"))
    thread = db.scalars(select(Discussion)).one()
    gone = db.get(User, thread.author_id)
    assert gone.email is None
    assert gone.deactivated_at is not None
    assert (thread.tags, thread.key) == (["budget"], "planskey")


def test_the_command_imports_and_lists_what_it_could_not_read(committed_db, app, redis_url, tmp_path):
    from tests.commands import run_command

    env = {"LLMIO_ENV": "testing", "LLMIO_DATA": str(tmp_path), "DATABASE_URL": committed_db.url, "REDIS_URL": redis_url, "SECRET_COOKIE_TOKEN": "t" * 40}  # fmt: skip
    file = tmp_path / "coop.json"
    lines = ['{"table": "groups", "record": {"id": 7, "name": "Coop", "key": "coopkey1"}}', "oops"]
    file.write_text("\n".join(lines))
    answer = run_command("groups", "import", str(file), env=env)
    assert answer.code == 1
    assert "1  groups" in answer.stdout
    assert "Line 2: This is no JSON" in answer.stderr
    file.write_text(lines[0])
    answer = run_command("groups", "import", str(file), env=env)
    assert answer.code == 0
    assert "nothing was changed" in answer.stdout
    found = json.loads(run_command("groups", "import", "--again", "--json", str(file), env=env).stdout)
    assert (found["outcome"], found["came"], found["renamed_count"]) == ("imported", {"groups": 1}, 1)
    work = json.loads(run_command("jobs", "--json", env=env).stdout)["long_work"]
    assert [(one["kind"], one["state"]) for one in work] == [("upkeep.import_group", "done")] * 3
    with app.begin() as ctx:
        assert ctx.db.scalar(select(func.count()).select_from(Group)) == 2


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\xff\xfe", b'{"table": "users", "record": {"id": 1, "email": "a@b.c"}}', b"[]", b"[" * 100_000],
)
def test_a_file_without_a_group_changes_nothing(db, hand_in, content):
    page = hand_in(content)
    assert "No group could be read" in page
    assert db.scalars(select(Group)).all() == []
    assert db.scalar(select(func.count()).select_from(User)) == 1


def test_bad_forms_are_said_at_the_field_and_others_than_administrators_see_none(web, db, make):
    web.sign_in(factories.admin_of_site(db))
    assert "Please choose a file" in web.send("/admin/imports", {}, status=422)
    assert "empty" in web.send("/admin/imports", {"file": Upload("a.json", b"")}, status=422)
    assert web.get("/admin/imports/999", expect_errors=True).status_int == 404
    web.sign_in(make.user())
    assert web.get("/admin/imports", expect_errors=True).status_int in (403, 404)
    web.send("/admin/imports", {"file": Upload("a.json", b"x")}, expect_errors=True)
    assert db.scalars(select(GroupImport)).all() == []


def test_a_file_that_cannot_be_fetched_is_a_job_that_says_so(db, elsewhere, emptied, hand_in, http):
    emptied()
    http.answers = [HttpAnswer(503, {}, "later"), *[HttpAnswer(0, {}, "no answer in time")] * 20]
    page = hand_in(elsewhere, failures=True)
    row = db.scalars(select(Outbox).where(Outbox.job == "upkeep.fetch_file")).one()
    assert "https://old.example.org" in row.last_error
    assert row.dead_at is None
    ((name, kind, why, tried),) = files_told(page)[2]
    assert (name, kind, tried) == ("oven.pdf", "Comment", "again soon")
    assert why.startswith("https://old.example.org")
    assert files_told(page)[:2] == ("1", "0")
    assert db.scalars(select(Attachment).where(Attachment.record_type == "Comment")).all() == []


def files_told(page):
    """What the page says of files: how many the export names, how many came, and those that did not."""
    facts = {fact.dt.get_text(strip=True): fact.dd.get_text(strip=True) for fact in page.html.select(".fact")}
    rows = page.html.select("#missing tbody tr")
    return (
        facts.get("Files and pictures that the export names"),
        facts.get("Of these have come"),
        [tuple(cell.get_text(strip=True) for cell in row.select("th, td")) for row in rows],
    )


def test_a_file_that_is_gone_where_it_lay_is_told_of(db, elsewhere, emptied, hand_in, http):
    emptied()
    http.answers = [HttpAnswer(404, {}, "")]
    ((_name, _kind, why, tried),) = files_told(hand_in(elsewhere, failures=True))[2]
    assert "the other site has this file no more" in why
    assert tried == "no more"


@pytest.fixture
def stored(db, ctx, make):
    """A group with a file that lies in this site's storage; gives the lines of its export."""
    ada = make.user(name="Ada")
    group = make.group("Attic", admin=ada)
    comment = make.comment(make.discussion(group, author=ada), author=ada, body="See the plan")
    blob = files.store(ctx(ada), filename="plan.pdf", stream=io.BytesIO(BYTES))
    db.add(Attachment(name="files", record_type="Comment", record_id=comment.id, blob_id=blob.id))
    db.flush()
    return list(jsonl.lines(ctx(), Selection([group.id])))


def plans(db):
    """How many comments have the file."""
    return db.scalar(select(func.count()).select_from(Attachment).where(Attachment.record_type == "Comment"))


def test_a_file_that_lies_here_comes_whatever_name_the_site_had(db, stored, hand_in):
    page = hand_in([line.replace("http://localhost", "https://old.example.org") for line in stored])
    assert plans(db) == 2
    assert files_told(page) == ("1", "1", [])


def test_what_the_reference_exported_here_comes_from_its_old_address(app, db, stored, hand_in):
    lines, blob = (
        [json.loads(line) for line in stored],
        db.scalars(select(Blob).where(Blob.filename == "plan.pdf")).one(),
    )
    signed = rails_id(app.settings.text("security.secret"), {"data": blob.id, "pur": "blob_id"})
    for line in lines:
        if line["table"] == "attachments":
            del line["record"]["checksum"], line["record"]["byte_size"]
            line["record"]["path"] = f"/rails/active_storage/blobs/redirect/{signed}/plan.pdf"
    page = hand_in([json.dumps(line) + "\n" for line in lines])
    assert plans(db) == 2
    assert files_told(page) == ("1", "1", [])


def test_an_address_of_ours_gives_no_other_file_than_the_export_means(db, stored, hand_in, http):
    """Another site that signs alike may have another file under the same number."""
    other = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    lines = [json.loads(line) for line in stored]
    for line in lines:
        if line["table"] == "attachments":
            line["record"] |= {"checksum": other, "host": "https://old.example.org", "url": "https://old.example.org/x"}
    http.answers = [HttpAnswer(404, {}, "")]
    page = hand_in([json.dumps(line) + "\n" for line in lines], failures=True)
    assert plans(db) == 1
    assert files_told(page)[1] == "0"


def test_an_export_without_files_says_so(hand_in, stored):
    lines = [line for line in stored if '"table": "attachments"' not in line]
    assert "The export names no files or pictures, so none came." in hand_in(lines)


def test_a_file_that_is_another_one_is_refused(db, elsewhere, emptied, hand_in, http):
    http.files = {url.replace("http://localhost", "https://old.example.org"): b"%PDF other" for url in http.files}
    emptied()
    hand_in(elsewhere, failures=True)
    assert "damaged" in db.scalars(select(Outbox.last_error).where(Outbox.job == "upkeep.fetch_file")).one()


def test_statements_do_not_grow_with_rows(db, group, ctx, app, make, queries, clock):
    from llmio.core import work
    from llmio.upkeep.service import imports

    clock.set(clock.now())  # how far it has come is written down twice a second
    thread = db.scalars(select(Discussion)).one()

    def sent():
        lines = "".join(jsonl.lines(ctx(), Selection([group.id])))
        with work.reported(app, imports.KIND, "Import") as report, app.begin(imports_operator()) as one:
            noted = imports.note(one, filename="x", again=True)
            with queries() as statements:
                imports.run(one, noted, io.BytesIO(lines.encode()), report)
        return statements.count

    few = sent()
    for number in range(60):
        make.comment(thread, body=f"comment {number}")
    assert sent() <= few + 6, "one stretch of ids and one insert for each table"


def imports_operator():
    from llmio.core.context import OPERATOR

    return OPERATOR


def test_a_picture_whose_job_was_cut_off_at_the_end_is_not_attached_twice(db, app, make, http, commit):
    """What is stored is without the camera's notes, so it sums up to something else than the export says."""
    content, comment = photo(30, 20), make.comment(make.discussion(make.group(admin=make.user())))
    commit()
    http.files = {"https://old.example.org/a.jpg": content, "https://old.example.org/b.jpg": photo(40, 20)}
    for url in (*http.files, *http.files):
        checksum = base64.b64encode(hashlib.md5(http.files[url], usedforsecurity=False).digest()).decode()
        file = {"record_type": "Comment", "record_id": comment.id, "name": "files", "filename": "a.jpg", "url": url}
        app.jobs["upkeep.fetch_file"].run(app, 0, {**file, "checksum": checksum})
    assert db.scalar(select(func.count()).select_from(Attachment).where(Attachment.record_type == "Comment")) == 2
