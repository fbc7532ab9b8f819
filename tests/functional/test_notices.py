"""Notice: bell, mail, why it came, and the way out."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from llmio.core.ports import HttpAnswer, Receipt
from llmio.discussions.models import DiscussionReader
from llmio.groups.models import Membership
from llmio.notifications.deliveries import Delivery
from llmio.notifications.models import Notification
from tests import factories as make


@pytest.fixture
def invited(db, ctx, commit, run_jobs):
    """Someone with an account is invited to a group; the jobs have run."""
    from llmio.groups import membership as acts

    admin, guest = make.user(db, "Ada Admin"), make.user(db, "Gus Guest")
    group = make.group(db, "Green Coop", admin=admin)
    acts.invite_users(ctx(admin), group, [guest], message="Come!")
    commit()
    run_jobs()
    return admin, guest, group


def test_the_bell_rings_and_says_why(web, db, invited):
    _admin, guest, _group = invited
    web.sign_in(guest)
    page = web.get("/notifications")
    assert "Ada Admin invites you to Green Coop" in page.text
    assert "because Ada Admin invited you" in page.text
    assert "New" in page.text
    notice = db.scalars(select(Notification)).one()
    answer = web.get(f"/notifications/{notice.id}")
    assert "/invitations/" in answer.location
    db.refresh(notice)
    assert notice.viewed
    assert "turbo-frame" in web.get("/notifications/menu").text


@pytest.mark.parametrize(
    ("url", "leads"),
    [("https://old.example/d/abc/oven", "/d/abc/oven"), ("javascript:alert(1)", "/dashboard"), ("d/abc", "/dashboard"), ("//x.example", "/dashboard")],
)  # fmt: skip
def test_a_notice_of_before_leads_to_a_page_of_this_site(web, db, invited, url, leads):
    notice = db.scalars(select(Notification)).one()
    notice.url = url
    web.sign_in(invited[1])
    assert (
        web.get("/notifications").html.select_one("#main .notice a, #main li a")["href"]
        == f"/notifications/{notice.id}"
    )
    answer = web.get(f"/notifications/{notice.id}")
    assert (answer.status_int, answer.location) == (303, f"http://localhost{leads}")


def test_a_notice_of_someone_else_is_not_opened(web, db, invited):
    notice = db.scalars(select(Notification)).one()
    web.sign_in(make.user(db))
    assert web.get(f"/notifications/{notice.id}", expect_errors=True).status_int == 404
    db.refresh(notice)
    assert not notice.viewed


def test_each_person_has_each_mail_once(db, invited, mailbox, run_jobs, app):
    from llmio.core.tables import Event
    from llmio.notifications import jobs

    _admin, guest, _group = invited
    assert len(mailbox.to(guest.email)) == 1
    event = db.scalars(select(Event).where(Event.kind == "membership_created")).one()
    delivery = db.scalars(select(Delivery)).one()
    jobs.deliver.run(app, delivery.id)
    run_jobs()
    assert len(mailbox.to(guest.email)) == 1
    assert mailbox.last(guest.email).message_id.startswith(f"<event-{event.id}-email-{guest.id}@")


def test_a_passing_refusal_is_tried_again_and_a_final_one_is_not(db, ctx, commit, run_jobs, mailbox, clock):
    from llmio.groups import membership as acts

    admin = make.user(db)
    group = make.group(db, admin=admin)
    mailbox.answers = [
        Receipt(ok=False, answer="450 later"),
        Receipt(ok=False, answer="550 no such user", permanent=True),
    ]
    acts.invite(ctx(admin), group, emails="one@example.org")
    commit()
    run_jobs()
    row = db.scalars(select(Delivery)).one()
    assert (row.status, row.attempts, row.answer) == ("pending", 1, "450 later")
    clock.move(hours=1)
    run_jobs()
    db.refresh(row)
    assert (row.status, row.answer) == ("dead", "550 no such user")
    clock.move(days=1)
    run_jobs()
    assert mailbox.mails == []


def unsubscribe_url(mail):
    return re.search(r"<(http[^>]+)>", mail.headers["List-Unsubscribe"])[1].replace("http://localhost", "")


def test_one_click_unsubscribes_without_cookie_or_page(web, db, ctx, invited, mailbox):
    _admin, guest, _group = invited
    member = db.scalars(select(Membership).where(Membership.user_id == guest.id)).one()
    member.accepted_at = make.now()
    url = unsubscribe_url(mailbox.last(guest.email))
    assert web.get(url).status_int == 200
    db.refresh(member)
    assert member.volume == 2
    answer = web.post(url, {"List-Unsubscribe": "One-Click"})
    assert answer.status_int == 200
    db.refresh(member)
    assert member.volume == 1


def test_unsubscribing_with_a_wrong_token_changes_nothing(web, db, invited):
    assert web.post("/unsubscribe/not-a-token", {"List-Unsubscribe": "One-Click"}, expect_errors=True).status_int == 404
    assert {row.volume for row in db.scalars(select(Membership))} == {2}


def test_unsubscribing_from_one_thread_leaves_the_others(web, db):
    person = make.user(db)
    group = make.group(db, members=[person])
    thread = make.discussion(db, group)
    web.post(f"/unsubscribe/{person.unsubscribe_token}/discussion/{thread.id}", {"volume": "1"})
    reader = db.scalars(select(DiscussionReader).where(DiscussionReader.user_id == person.id)).one()
    member = db.scalars(select(Membership).where(Membership.user_id == person.id)).one()
    assert (reader.volume, member.volume) == (1, 2)


def test_one_click_in_a_mail_of_a_place_one_cannot_see_any_more_turns_nothing_else_off(web, db):
    person = make.user(db)
    make.group(db, members=[person])
    gone = make.discussion(db, make.group(db))
    one_click = {"List-Unsubscribe": "One-Click"}
    answer = web.post(f"/unsubscribe/{person.unsubscribe_token}/discussion/{gone.id}", one_click)
    member = db.scalars(select(Membership).where(Membership.user_id == person.id)).one()
    assert (answer.status_int, member.volume) == (200, 2)
    web.post(f"/unsubscribe/{person.unsubscribe_token}", one_click)
    db.refresh(member)
    assert member.volume == 1, "where no place is named all is meant"


def test_preferences_are_saved_and_shown(web, db):
    person = make.user(db)
    make.group(db, "Green Coop", members=[person])
    web.sign_in(person)
    assert "Green Coop" in web.get("/email_preferences").text
    web.send("/email_preferences", {"email_on_participation": "1", "volume": "3"})
    db.refresh(person)
    member = db.scalars(select(Membership).where(Membership.user_id == person.id)).one()
    assert (person.email_when_mentioned, person.email_on_participation, member.volume) == (False, True, 3)
    assert web.send("/email_preferences", {"volume": "9"}, expect_errors=True).status_int == 422


class TestMentionsAndComments:
    @pytest.fixture
    def place(self, db):
        author, answerer, loud, quiet = (make.user(db, name) for name in ("Ada A", "Ben B", "Lou Loud", "Qui Quiet"))
        group = make.group(db, "Green Coop", admin=author, members=[answerer])
        make.membership(db, group, loud, volume=3)
        make.membership(db, group, quiet, volume=1)
        return author, answerer, loud, quiet, make.discussion(db, group, author=author, title="A new oven?")

    def comment(self, ctx, commit, run_jobs, who, thread, body, **how):
        from llmio.discussions import service

        made = service.add_comment(ctx(who), thread, body=body, **how)
        commit()
        run_jobs()
        return made

    def test_a_mention_reaches_bell_and_mail(self, db, ctx, commit, run_jobs, mailbox, place):
        author, answerer, loud, quiet, thread = place
        self.comment(ctx, commit, run_jobs, author, thread, f"What do you say, @{answerer.username}?")
        assert "mentioned you" in mailbox.last(answerer.email).text
        assert "because Ada A mentioned you" in mailbox.last(answerer.email).text
        assert mailbox.to(quiet.email) == []
        assert "follow everything" in mailbox.last(loud.email).text
        assert [one.user_id for one in db.scalars(select(Notification))] == [answerer.id]

    def test_who_is_mentioned_and_follows_gets_one_mail(self, ctx, commit, run_jobs, mailbox, place):
        author, _answerer, loud, _quiet, thread = place
        self.comment(ctx, commit, run_jobs, author, thread, f"@{loud.username}, look")
        assert len(mailbox.to(loud.email)) == 1

    @pytest.mark.parametrize("by_mail", [True, False])
    def test_who_is_told_of_a_thread_that_mentions_them_gets_one_mail(
        self, db, ctx, commit, run_jobs, mailbox, place, by_mail
    ):
        from llmio.discussions import service

        author, answerer, loud, _quiet, thread = place
        for person in (answerer, loud):
            person.email_when_mentioned = by_mail
        text = f"@{answerer.username}, @{loud.username}: what do you say?"
        given = {"title": "Ovens", "description": text}
        service.start_discussion(ctx(author), thread.group, **given, notify="people", people=[answerer.id])
        commit()
        run_jobs()
        for person in (answerer, loud):
            (mail,) = mailbox.to(person.email)
            assert ("mentioned you in" in mail.text) is by_mail

    def test_a_whole_group_that_is_mentioned_gets_one_mail_each(self, db, ctx, commit, run_jobs, mailbox, place):
        from llmio.discussions import service

        author, answerer, loud, quiet, thread = place
        thread.group.handle = "green"
        asked = make.user(db, "Asked Alma")
        make.membership(db, thread.group, asked)
        given = {"title": "Ovens", "description": "Dear @green,"}
        service.start_discussion(ctx(author), thread.group, **given, notify="people", people=[asked.id])
        commit()
        run_jobs()
        told = {one.email: [mail.kind for mail in mailbox.to(one.email)] for one in (asked, answerer, loud, quiet)}
        assert told == {
            asked.email: ["new_discussion"],
            answerer.email: ["group_mentioned"],
            loud.email: ["group_mentioned"],
            quiet.email: [],
        }

    def test_a_text_that_is_edited_calls_the_group_once(self, ctx, commit, run_jobs, mailbox, place):
        from llmio.discussions import service

        author, answerer, *_others, thread = place
        thread.group.handle = "green"
        comment = self.comment(ctx, commit, run_jobs, author, thread, "Dear @green, ovens?")
        service.edit_comment(ctx(author), comment, body="Dear @green, new ovens?", body_format="md")
        commit()
        run_jobs()
        assert [mail.kind for mail in mailbox.to(answerer.email)] == ["group_mentioned"]

    def test_a_stranger_is_not_mentioned(self, db, ctx, commit, run_jobs, mailbox, place):
        author, *_others, thread = place
        stranger = make.user(db)
        self.comment(ctx, commit, run_jobs, author, thread, f"@{stranger.username} should not hear of this")
        assert mailbox.to(stranger.email) == []
        assert db.scalars(select(Notification).where(Notification.user_id == stranger.id)).all() == []

    def test_an_answer_reaches_who_was_answered(self, ctx, commit, run_jobs, mailbox, place):
        author, answerer, _loud, _quiet, thread = place
        first = self.comment(ctx, commit, run_jobs, author, thread, "I would buy one.")
        self.comment(ctx, commit, run_jobs, answerer, thread, "Which one?", parent=("Comment", first.id))
        assert "answered you" in mailbox.last(author.email).text

    def test_who_lost_access_is_not_mailed(self, db, ctx, commit, run_jobs, mailbox, place):
        from llmio.discussions import service

        author, _answerer, loud, _quiet, thread = place
        service.add_comment(ctx(author), thread, body="A secret")
        commit()
        row = db.scalars(select(Membership).where(Membership.user_id == loud.id)).one()
        row.revoked_at = make.now()
        commit()
        run_jobs()
        assert mailbox.to(loud.email) == []


class TestWebhooks:
    @pytest.fixture
    def connected(self, web, db):
        admin = make.user(db, "Ada Admin")
        group = make.group(db, "Green Coop", admin=admin)
        web.sign_in(admin)
        form = {"name": "#general", "webhook_kind": "slack", "server": "https://hooks.example.org/x"}
        answer = web.send(f"/g/{group.key}/integrations/new", [*form.items(), ("event_kinds", "new_discussion")])
        assert answer.status_int == 303
        return admin, group

    def test_a_new_thread_appears_in_slack(self, web, db, ctx, commit, run_jobs, http, connected):
        from llmio.discussions import service

        admin, group = connected
        service.start_discussion(ctx(admin), group, title="A <new> oven?", description="It **burns**")
        commit()
        run_jobs()
        post = http.posts[-1]
        text = json.loads(post.body)["text"]
        assert post.url == "https://hooks.example.org/x"
        assert "Ada Admin started a thread: A &lt;new&gt; oven?" in text
        assert "Arrived" in web.get(f"/g/{group.key}/integrations").text

    def test_a_dead_hook_is_shown(self, web, db, ctx, commit, run_jobs, http, connected):
        from llmio.discussions import service

        admin, group = connected
        http.answers = [HttpAnswer(404, {}, "no_service")]
        service.start_discussion(ctx(admin), group, title="One")
        commit()
        run_jobs()
        page = web.get(f"/g/{group.key}/integrations").text
        assert "Failed" in page
        assert "no_service" in page

    def test_a_test_shows_the_answer(self, web, db, http, connected, run_jobs):
        from llmio.integrations.models import Chatbot

        _admin, _group = connected
        bot = db.scalars(select(Chatbot)).one()
        http.answers = [HttpAnswer(500, {}, "oops")]
        for words in ("oops", "It arrived"):
            web.send(f"/integrations/{bot.id}/test").follow()
            run_jobs()
            assert words in web.get(f"/integrations/{bot.id}").text

    def test_others_may_not_touch_it(self, web, db, connected):
        from llmio.integrations.models import Chatbot

        _admin, group = connected
        bot = db.scalars(select(Chatbot)).one()
        member = make.user(db)
        make.membership(db, group, member)
        web.sign_in(member)
        assert web.get(f"/g/{group.key}/integrations", expect_errors=True).status_int == 403
        for act in ("edit", "remove", "test"):
            assert web.send(f"/integrations/{bot.id}/{act}", expect_errors=True).status_int == 404

    @pytest.mark.parametrize("server", ["", "not an address", "ftp://example.org", "http://", "http://[::1"])
    def test_a_wrong_address_is_refused_at_its_field(self, web, connected, server):
        _admin, group = connected
        form = {"name": "x", "webhook_kind": "slack", "server": server}
        answer = web.send(f"/g/{group.key}/integrations/new", form, expect_errors=True)
        assert answer.status_int == 422
        assert 'id="field-server-error"' in answer.text


def test_a_guest_of_a_poll_gets_a_link_that_lets_in(db, ctx, commit, run_jobs, mailbox, new_browser):
    from llmio.polls import service as polls

    author = make.user(db, "Ada Author")
    poll = make.poll(db, group=make.group(db, admin=author), author=author, title="Which day?")
    polls.add_voters(ctx(author), poll, emails=["guest@example.org"], notify=True)
    commit()
    run_jobs()
    mail = mailbox.last("guest@example.org")
    link = re.search(r"http://localhost(/p/\S*stance_token=[\w-]+)", mail.text)[1]
    page = new_browser().get(link)
    while page.status_int in (302, 303):
        page = page.follow()
    assert "Which day?" in page.text
    assert mailbox.to(author.email) == []
