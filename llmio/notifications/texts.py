"""What happened, in one sentence, for bell, mails and channels."""

from __future__ import annotations

from llmio.core.i18n import _

HEADLINES: dict[str, object] = {
    "new_discussion": _("{actor} started a thread: {title}"),
    "discussion_edited": _("{actor} edited the thread {title}"),
    "discussion_announced": _("{actor} invites you to the thread {title}"),
    "discussion_closed": _("{actor} closed the thread {title}"),
    "discussion_reopened": _("{actor} reopened the thread {title}"),
    "discussion_moved": _("{actor} moved the thread {title}"),
    "new_comment": _("{actor} commented in {title}"),
    "comment_edited": _("{actor} edited a comment in {title}"),
    "comment_replied_to": _("{actor} answered you in {title}"),
    "user_mentioned": _("{actor} mentioned you in {title}"),
    "group_mentioned": _("{actor} mentioned your group in {title}"),
    "reaction_created": _("{actor} reacted with {reaction} to what you wrote in {title}"),
    "poll_created": _("{actor} asks for your vote: {title}"),
    "poll_announced": _("{actor} asks for your vote: {title}"),
    "poll_edited": _("{actor} edited the poll {title}"),
    "poll_reminder": _("{actor} reminds you to vote: {title}"),
    "poll_closing_soon": _("Closing within a day: {title}"),
    "poll_expired": _("Voting has ended: {title}"),
    "poll_closed_by_user": _("{actor} closed the poll {title}"),
    "poll_reopened": _("{actor} reopened the poll {title}"),
    "poll_option_added": _("{actor} added an option to {title}"),
    "stance_created": _("{actor} voted in {title}"),
    "stance_updated": _("{actor} changed a vote in {title}"),
    "outcome_created": _("{actor} published the outcome of {title}"),
    "outcome_updated": _("{actor} updated the outcome of {title}"),
    "outcome_announced": _("{actor} shared the outcome of {title} with you"),
    "outcome_review_due": _("The outcome of {title} is due for review"),
    "membership_created": _("{actor} invites you to {title}"),
    "membership_resent": _("{actor} invites you to {title}"),
    "membership_requested": _("{actor} asks to join {title}"),
    "membership_request_approved": _("{actor} let you into {title}"),
    "invitation_accepted": _("{actor} accepted your invitation to {title}"),
    "user_added_to_group": _("{actor} added you to {title}"),
    "user_joined_group": _("{actor} joined {title}"),
    "new_coordinator": _("{actor} made you an admin of {title}"),
    "new_delegate": _("{actor} made you a delegate of {title}"),
    "unknown_sender": _("A mail from someone unknown waits in {title}"),
}
"""Event kind → sentence."""

CALLS: dict[str, object] = {
    "poll_created": _("Vote now"),
    "poll_announced": _("Vote now"),
    "poll_reminder": _("Vote now"),
    "poll_closing_soon": _("Go to the poll"),
    "membership_created": _("Accept the invitation"),
    "membership_resent": _("Accept the invitation"),
    "membership_requested": _("Answer the request"),
    "poll_expired": _("See the result"),
    "poll_edited": _("Go to the poll"),
    "stance_created": _("See the vote"),
    "stance_updated": _("See the vote"),
    "outcome_created": _("Read the outcome"),
    "outcome_updated": _("Read the outcome"),
    "outcome_announced": _("Read the outcome"),
    "outcome_review_due": _("Look at it again"),
    "new_discussion": _("Read and answer"),
    "discussion_edited": _("Read the thread"),
    "discussion_announced": _("Read and answer"),
    "comment_replied_to": _("Read and answer"),
    "group_mentioned": _("Read and answer"),
    "membership_request_approved": _("Go to the group"),
    "user_added_to_group": _("Go to the group"),
    "new_delegate": _("Go to the group"),
    "new_comment": _("Read and answer"),
    "user_mentioned": _("Read and answer"),
    "unknown_sender": _("Say whose it is"),
}
"""Event kind → words on the button of its mail."""


def headline(kind: str, *, actor: str, title: str, reaction: str = "") -> str:
    """The sentence of a kind in the reader's language; a kind of a plugin that is gone still reads well."""
    text = str(HEADLINES.get(kind, _("{actor}: news about {title}")))
    return text.format(actor=actor or str(_("Someone")), title=title, reaction=reaction)


def call(kind: str) -> str:
    """The words on the button."""
    return str(CALLS.get(kind, _("Open")))
