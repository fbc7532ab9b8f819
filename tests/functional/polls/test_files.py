"""Files that go with a poll or an outcome: sent up before or with the form, kept where a form is refused, taken away."""

from __future__ import annotations

from sqlalchemy import select

from llmio.polls.models import Outcome, Poll

FORM = {
    "poll_type": "proposal", "title": "Buy it?", "details": "", "details_format": "md", "time_zone": "UTC", "who": "all",
    "closing_at": "2031-01-01T12:00", "option-0-name": "Agree", "option-0-icon": "agree", "option-1-name": "Disagree",
}  # fmt: skip


def send_up(web, name="offer.pdf", content=b"%PDF-1.4 an offer"):
    return web.send("/files", upload_files=[("file", name, content)]).json["id"]


def test_an_uploaded_file_stays_through_a_refusal_and_is_shown_with_the_poll(sign_in, group, ada, ben, new_browser, db):
    web = sign_in(ada)
    blob = str(send_up(web))
    refused = web.send("/p/new", {**FORM, "group_id": str(group.id), "title": "", "attachments": blob}, status=422)
    assert refused.html.find("input", {"name": "attachments"})["value"] == blob
    web.send("/p/new", {**FORM, "group_id": str(group.id), "attachments": blob}, status=303)
    poll = db.scalars(select(Poll)).one()
    page = new_browser().sign_in(ben).get(f"/p/{poll.key}").follow()
    link = page.html.select_one(".attachment a")
    assert "offer.pdf" in link.get_text()
    assert new_browser().sign_in(ben).get(link["href"]).body == b"%PDF-1.4 an offer"
    edit = web.get(f"/p/{poll.key}/edit").html
    assert edit.find("input", {"name": "attachments"})["value"] == blob
    web.send(f"/p/{poll.key}/edit", {**FORM, "title": "Buy it!"}, status=303)
    db.refresh(poll)
    assert poll.attachments == []


def test_a_file_comes_with_the_form_of_an_outcome(sign_in, group, ada, make, db):
    web = sign_in(ada)
    poll = make.poll(group=group, author=ada, voters=[ada], closed_at=group.created_at)
    web.send(
        f"/p/{poll.key}/outcome",
        {"statement": "We do.", "statement_format": "md"},
        upload_files=[("files", "plan.txt", b"the plan")],
        status=303,
    )
    outcome = db.scalars(select(Outcome)).one()
    assert [one["filename"] for one in outcome.attachments] == ["plan.txt"]
    assert "plan.txt" in web.get(f"/p/{poll.key}").follow().html.select_one(".attachment").get_text()
    web.send(f"/outcomes/{outcome.id}/edit", {"statement": "We do it.", "statement_format": "md"}, status=303)
    db.refresh(outcome)
    assert outcome.attachments == []


def test_anothers_file_cannot_be_taken(sign_in, group, ada, ben, new_browser, db):
    blob = str(send_up(new_browser().sign_in(ben)))
    web = sign_in(ada)
    answer = web.send("/p/new", {**FORM, "group_id": str(group.id), "attachments": blob}, status=422)
    assert "not there any more" in answer.html.get_text()
    assert answer.html.find("input", {"name": "attachments"}) is None
    assert db.scalars(select(Poll)).all() == []
