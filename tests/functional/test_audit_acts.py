"""Each act of administrators by its own door, and what of it stands in the log; the list is complete, see the architecture tests."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from llmio.core import audit
from llmio.core.audit import AuditEntry
from llmio.core.outbox import Outbox
from llmio.core.tables import Event
from llmio.groups.models import MemberEmailAlias, Membership, MembershipRequest, Tag
from llmio.integrations.models import Chatbot
from llmio.mail.models import ReceivedEmail
from llmio.mail.sent import Cause, SuppressedAddress
from tests import factories as make
from tests.commands import run_command

CASES = [
    # who, route, address, fields, act
    ("root", "admin.user_act", "/admin/users/{nat.id}/make_admin", {}, "user.make_admin"),
    ("root", "admin.user_act", "/admin/users/{nat.id}/unmake_admin", {}, "user.remove_admin"),
    ("root", "admin.user_act", "/admin/users/{nat.id}/sign_out", {}, "user.sign_out"),
    ("root", "admin.user_act", "/admin/users/{nat.id}/send_link", {}, "user.send_link"),
    ("root", "admin.user_act", "/admin/users/{nat.id}/deactivate", {}, "user.deactivate"),
    ("root", "admin.user_act", "/admin/users/{nat.id}/reactivate", {}, "user.reactivate"),
    ("root", "upkeep.merge_user", "/admin/users/{twin.id}/merge", {"email": "{mel.email}", "sure": "1"}, "user.merge"),
    ("root", "upkeep.erase_user", "/admin/users/{gone.id}/erase", {}, "user.redact"),
    ("root", "upkeep.destroy_user", "/admin/users/{spam.id}/destroy", {"sure": "1"}, "user.destroy"),
    ("root", "admin.switch_feature", "/admin/features/features.disable_create_group", {"value": "1"}, "features.switch"),
    ("root", "admin.switch_plugin", "/admin/plugins/webhook_slack/switch", {"on": "0"}, "plugins.switch"),
    ("root", "admin.discard_job", "/admin/jobs/{job}/delete", {"confirmed": "1"}, "job.discard"),
    ("root", "admin.discard_jobs", "/admin/jobs/delete", {"job": "x.z", "confirmed": "1"}, "job.discard"),
    ("root", "admin.lift_address", "/admin/mails/lift", {"address": "old@example.org"}, "mail.lift"),
    ("root", "upkeep.recount", "/admin/polls/{poll.key}/recount", {}, "poll.recount"),
    ("ada", "mail.allow", "/received_emails/{letters[2]}/allow", {"user_id": "{mel.id}"}, "mail.allow"),
    ("ada", "groups.edit", "/g/{group.key}/edit", {"name": "Looms", "group_privacy": "closed"}, "group.update"),
    ("ada", "groups.settings", "/g/{group.key}/settings", {"members_can_announce": "1"}, "group.settings"),
    ("ada", "groups.join_link", "/g/{group.key}/join_link", {}, "group.join_link"),
    ("ada", "upkeep.export", "/g/{group.key}/export", {"format": "json"}, "group.export"),
    ("ada", "memberships.make_admin", "/memberships/{membership}/make_admin", {}, "member.make_admin"),
    ("ada", "memberships.remove_admin", "/memberships/{membership}/remove_admin", {}, "member.remove_admin"),
    ("ada", "memberships.revoke", "/memberships/{membership}/revoke", {}, "member.remove"),
    ("ada", "groups.answer", "/membership_requests/{asked[0]}/approve", {}, "request.approved"),
    ("ada", "groups.answer", "/membership_requests/{asked[1]}/ignore", {}, "request.ignored"),
    ("ada", "upkeep.tags", "/g/{group.key}/tags", {"name": "Oven", "color": "#123456"}, "tag.add"),
    ("ada", "upkeep.change_tag", "/g/{group.key}/tags/{tag}", {"name": "Hearth", "color": "#123456"}, "tag.change"),
    ("ada", "upkeep.remove_tag", "/g/{group.key}/tags/{tag}/remove", {}, "tag.remove"),
    ("ada", "integrations.new", "/g/{group.key}/integrations/new", {"name": "#all", "server": "https://chat.example.org/a", "webhook_kind": "json"}, "integration.connect"),
    ("ada", "integrations.edit", "/integrations/{bot}/edit", {"name": "#some", "server": "https://chat.example.org/a", "webhook_kind": "json"}, "integration.change"),
    ("ada", "integrations.secret", "/integrations/{bot}/secret", {}, "integration.new_secret"),
    ("ada", "integrations.old_secrets", "/integrations/{bot}/old_secrets", {}, "integration.end_old_secrets"),
    ("ada", "integrations.remove", "/integrations/{bot}/remove", {}, "integration.remove"),
    ("ada", "mail.block", "/received_emails/{letters[0]}/block", {}, "mail.block"),
    ("ada", "mail.delete", "/received_emails/{letters[1]}/delete", {}, "mail.delete"),
    ("ada", "mail.remove_alias", "/member_email_aliases/{alias}/remove", {}, "mail.forget_sender"),
    ("ada", "upkeep.move_thread", "/threads/{third.key}/group", {"group_id": "{looms.id}"}, "thread.move"),
    ("ada", "upkeep.repair", "/threads/{thread.key}/repair", {}, "thread.repair"),
    ("ada", "upkeep.move_items", "/threads/{thread.key}/move", {"items": "{item}", "target": "{other.key}"}, "thread.move_items"),
    ("ada", "readers.make_admin", "/discussion_readers/{reader.id}/make_admin", {}, "thread.make_admin"),
    ("ada", "readers.remove_admin", "/discussion_readers/{reader.id}/remove_admin", {}, "thread.remove_admin"),
    ("ada", "readers.remove", "/discussion_readers/{reader.id}/remove", {}, "thread.remove_guest"),
    ("ada", "comments.discard", "/comments/{comment.id}/discard", {}, "comment.discard"),
    ("ada", "comments.undiscard", "/comments/{comment.id}/undiscard", {}, "comment.restore"),
    ("ada", "comments.destroy", "/comments/{comment.id}/destroy", {}, "comment.destroy"),
    ("ada", "polls.make_admin", "/p/{poll.key}/voters/{stance.id}/make_admin", {}, "poll.make_admin"),
    ("ada", "polls.remove_admin", "/p/{poll.key}/voters/{stance.id}/remove_admin", {}, "poll.remove_admin"),
    ("ada", "polls.remove_voter", "/p/{poll.key}/voters/{stance.id}/remove", {}, "poll.remove_voter"),
    ("ada", "outcomes.remove_guest", "/outcomes/{outcome.id}/guests/{guest.id}/remove", {}, "poll.remove_guest"),
    ("ada", "polls.discard", "/p/{poll.key}/discard", {}, "poll.discard"),
    ("ada", "discussions.discard", "/d/{thread.key}/discard", {}, "thread.discard"),
    ("ada", "groups.archive", "/g/{group.key}/archive", {}, "group.archive"),
    ("root", "admin.group_act", "/admin/groups/{group.id}/unarchive", {}, "group.unarchive"),
    ("root", "admin.group_act", "/admin/groups/{group.id}/archive", {}, "group.archive"),
    ("eve", "upkeep.delete_group", "/g/{last.key}/delete", {"name": "{last.name}"}, "group.destroy group.archive"),
]  # fmt: skip
ELSEWHERE = {
    "upkeep.imports": ("site.import", "tests/functional/upkeep"),
    "groups.pictures": ("group.pictures", "tests/functional/test_group_pictures.py"),
    "accounts.setup": ("site.set_up", "tests/functional/test_setup_link.py"),
}
"""Acts whose doors want more than fields: tried here below, or where these doors are tried."""
BY_COMMAND = {
    "user create": "user.create",
    "user admin": "user.make_admin",
    "user password": "user.set_password",
    "user link": "user.print_link",
    "features set": "features.switch",
    "features unset": "features.switch",
    "plugins on": "plugins.switch",
    "plugins off": "plugins.switch",
    "plugins purge": "plugins.purge",
    "jobs delete": "job.discard",
    "groups import": "site.import",
}


@pytest.fixture(autouse=True)
def no_anchors(app):
    """Rows of former tests were rolled back; what was kept aside of them goes, too."""
    audit.anchors_file(app.settings).unlink(missing_ok=True)


@pytest.fixture
def scene(db):
    names = ("ada", "eve", "mel", "nat", "twin", "gone", "spam", "guest")
    people = {name: make.user(db, f"{name.title()} Number") for name in names}
    one = SimpleNamespace(**people, root=make.admin_of_site(db, name="Root"))
    one.group = make.group(db, admin=one.ada, members=[one.mel, one.nat, one.root], name="Weavers", handle="weavers")
    one.last = make.group(db, admin=one.eve, name="Last")
    held = select(Membership.id).where(Membership.user_id == one.nat.id)
    one.membership = db.scalar(held)
    one.asked = [
        make.add(db, MembershipRequest(group_id=one.group.id, requestor_id=make.user(db).id)).id for _turn in (1, 2)
    ]
    one.thread, one.other, one.third = (make.discussion(db, one.group, author=one.mel) for _turn in (1, 2, 3))
    one.looms = make.group(db, admin=one.ada)
    one.reader = make.reader(db, one.thread, one.guest, guest=True, inviter_id=one.mel.id)
    one.comment = make.comment(db, one.thread, author=one.mel)
    moved = make.comment(db, one.thread, author=one.mel)
    one.item = make._event_of(db, moved).id  # the factories' own
    one.poll = make.poll(db, discussion=one.other, author=one.mel)
    one.stance = make.stance(db, one.poll, one.mel)
    decided = make.poll(db, group=one.group, author=one.mel, closed_at=make.now())
    one.outcome = make.outcome(db, decided, author=one.mel)
    make.add(db, Event(kind="outcome_announced", eventable_type="Outcome", eventable_id=one.outcome.id,
                       custom_fields={"outcome_guest_ids": [one.guest.id]}))  # fmt: skip
    one.tag = make.add(db, Tag(group_id=one.group.id, name="Stove", color="#654321")).id
    one.bot = make.add(db, Chatbot(group_id=one.group.id, author_id=one.ada.id, kind="webhook", webhook_kind="json",
                                   name="#all", server="https://chat.example.org/a", event_kinds=[])).id  # fmt: skip
    one.letters = [
        make.add(db, ReceivedEmail(group_id=one.group.id, body_text="Words", created_at=make.now(),
                                   headers={"From": f"a{number}@b.example", "Subject": "Old"})).id
        for number in range(3)
    ]  # fmt: skip
    one.alias = make.add(db, MemberEmailAlias(group_id=one.group.id, user_id=one.mel.id, author_id=one.ada.id,
                                              email="m@b.example")).id  # fmt: skip
    make.add(db, SuppressedAddress(address="old@example.org", cause=Cause.BOUNCE, answer="", created_at=make.now()))
    values = {"queue": "default", "args": [], "created_at": make.now(), "available_at": make.now(), "attempts": 3,
              "dead_at": make.now()}  # fmt: skip
    one.job = make.add(db, Outbox(job="x.y", **values)).id
    make.add(db, Outbox(job="x.z", **values))
    return one


def test_each_act_is_written_down_by_its_door_and_told_in_words(scene, db, new_browser):
    browsers = {name: new_browser().sign_in(getattr(scene, name)) for name in ("root", "ada", "eve")}
    wrong, number = [], 0
    for who, _route, address, fields, act in CASES:
        given = {name: text.format(**vars(scene)) for name, text in fields.items()}
        answer = browsers[who].send(address.format(**vars(scene)), given, expect_errors=True)
        found = db.scalars(select(AuditEntry).where(AuditEntry.id > number).order_by(AuditEntry.id)).all()
        number += len(found)
        actor = getattr(scene, who).id
        if [(one.act, one.actor_id) for one in found] != [(name, actor) for name in act.split()]:
            wrong.append((address, answer.status_int, [one.act for one in found]))
    assert wrong == [], "\n".join(map(str, wrong))
    told = [row.text for row in browsers["root"].get("/admin/audit").html.select("li[id^=act-] .row-title")]
    told += [row.text for row in browsers["root"].get("/admin/audit?page=2").html.select("li[id^=act-] .row-title")]
    assert len(told) == number
    assert not [line for line in told if "{" in line or "None" in line or "operator" in line]


def test_what_one_does_to_what_is_ones_own_is_no_act_of_an_admin(scene, db, new_browser):
    mel = new_browser().sign_in(scene.mel)
    mel.send(f"/comments/{scene.comment.id}/discard", status=303)
    mel.send(f"/comments/{scene.comment.id}/undiscard", status=303)
    mel.send(f"/p/{scene.poll.key}/discard", status=303)
    mel.send(f"/d/{scene.thread.key}/discard", status=303)
    assert db.scalars(select(AuditEntry)).all() == []
    new_browser().sign_in(scene.ada).send(f"/g/{scene.group.key}/settings", {}, status=303)
    before = db.scalars(select(AuditEntry)).all()
    new_browser().sign_in(scene.ada).send(f"/g/{scene.group.key}/settings", {}, status=303)
    assert len(db.scalars(select(AuditEntry)).all()) == len(before), "a form sent again changes nothing"


def test_pages_say_from_what_to_what_and_show_titles_to_members_alone(scene, db, new_browser):
    ada, mel, root = (new_browser().sign_in(one) for one in (scene.ada, scene.mel, scene.root))
    ada.send(f"/g/{scene.group.key}/edit", {"name": "Looms", "group_privacy": "secret", "description": "About Mel"})
    ada.send(f"/threads/{scene.thread.key}/repair")
    ada.send(f"/threads/{scene.other.key}/repair")
    scene.other.title = "A title that is gone"
    ada.send(f"/d/{scene.other.key}/discard")
    page = mel.get(f"/g/{scene.group.key}/acts")
    words = " ".join(page.html.select_one("ul.rows").text.replace("\u2068", "").replace("\u2069", "").split())
    assert "Ada Number changed what the group is Name: Weavers → Looms" in words
    assert "Privacy: closed → secret" in words
    assert "Description: changed" in words
    assert f"Ada Number had “{scene.thread.title}” put in order" in words
    assert "Ada Number deleted a thread of Mel Number" in words
    assert "About Mel" not in page.text
    assert "A title that is gone" not in page.text
    assert "deleted a thread" in mel.get("/profile/acts").text
    assert scene.thread.title not in root.get("/admin/audit").text


def test_the_log_is_narrowed_by_kind_person_and_day(scene, clock, new_browser, ctx):
    for number, person in enumerate((scene.ada, scene.root, None)):
        clock.set(datetime(2026, 3, number + 1, 23, 30, tzinfo=UTC))
        audit.note(ctx(person), "user.sign_out" if number else "tag.add", scene.mel)
    clock.reset()  # a session of those days would have ended some day
    root = new_browser().sign_in(scene.root)

    def shown(query):
        return len(root.get(f"/admin/audit?{query}").html.select("li[id^=act-]"))

    assert (shown("kind=user"), shown("kind=tag.add"), shown("kind=poll"), shown("kind=zzz")) == (2, 1, 0, 3)
    assert (shown(f"who=@{scene.ada.username.upper()}"), shown("who=-"), shown("who=nobody-here")) == (1, 1, 0)
    days = ("since=2026-03-02", "until=2026-03-02", "since=2026-03-02&until=2026-03-02", "since=2026-03-04")
    assert [shown(query) for query in days] == [2, 2, 1, 0]
    assert shown("since=garbage&until=9999-12-31&page=x") == 3
    assert "Nothing like that" in root.get("/admin/audit?kind=poll").text


def test_commands_that_change_rights_are_written_down(committed_db, app, tmp_path):
    env = {
        "DATABASE_URL": committed_db.url,
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": str(tmp_path),
        "SECRET_COOKIE_TOKEN": "x" * 40,
    }
    with app.begin() as ctx:
        values = {"args": [], "created_at": make.now(), "available_at": make.now(), "attempts": 3}
        job = Outbox(job="x.y", queue="default", dead_at=make.now(), **values)
        ctx.db.add(job)
        ctx.db.flush()
        job_id = str(job.id)
    calls = [
        (("user", "create", "ada@example.org", "--name", "Ada King", "--admin"), "", "user.create_admin"),
        (("user", "create", "bob@example.org", "--name", "Bob King"), "", "user.create"),
        (("user", "admin", "bob@example.org"), "", "user.make_admin"),
        (("user", "admin", "bob@example.org", "--off"), "", "user.remove_admin"),
        (("user", "password", "bob@example.org"), "a long enough password\n", "user.set_password"),
        (("user", "link", "bob@example.org"), "", "user.print_link"),
        (("features", "set", "features.disable_create_group", "on"), "", "features.switch"),
        (("features", "unset", "features.disable_create_group"), "", "features.switch"),
        (("plugins", "off", "webhook_slack"), "", "plugins.switch"),
        (("plugins", "on", "webhook_slack"), "", "plugins.switch"),
        (("plugins", "purge", "search_postgres", "--yes"), "", "plugins.purge"),
        (("jobs", "delete", job_id), "", "job.discard"),
    ]
    for arguments, typed, _act in calls:
        done = run_command(*arguments, env=env, typed=typed)
        assert done.code == 0, (arguments, done.stderr)
    with app.begin() as ctx:
        rows = ctx.db.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(one.act, one.actor_id) for one in rows] == [(act, None) for _arguments, _typed, act in calls]
    assert {" ".join(call[0][:2]) for call in calls} == BY_COMMAND.keys() - {"groups import"}
