"""Acts on polls, by what they are about: writing, voting, voters, closing, outcomes."""

from __future__ import annotations

from llmio.polls.service.closing import announce_closing_soon, close_poll, discard_poll, expire_poll, reopen_poll
from llmio.polls.service.counts import lock, recount, recount_poll, reload_options
from llmio.polls.service.moving import add_to_thread
from llmio.polls.service.opening import call_off_opening, is_told_of, open_due, open_now
from llmio.polls.service.outcomes import announce_review, publish_outcome, update_outcome
from llmio.polls.service.sharing import outcome_guests, remove_outcome_guest, share_outcome
from llmio.polls.service.voters import (
    add_voters,
    follow_guests,
    follow_members,
    redeem,
    remind,
    remove_voter,
    set_poll_admin,
)
from llmio.polls.service.voting import cast_vote, check_ballot, uncast
from llmio.polls.service.writing import create_poll, input_of, known_place, update_poll

__all__ = [
    "add_to_thread",
    "add_voters",
    "announce_closing_soon",
    "announce_review",
    "call_off_opening",
    "cast_vote",
    "check_ballot",
    "close_poll",
    "create_poll",
    "discard_poll",
    "expire_poll",
    "follow_guests",
    "follow_members",
    "input_of",
    "is_told_of",
    "known_place",
    "lock",
    "open_due",
    "open_now",
    "outcome_guests",
    "publish_outcome",
    "recount",
    "recount_poll",
    "redeem",
    "reload_options",
    "remind",
    "remove_outcome_guest",
    "remove_voter",
    "reopen_poll",
    "set_poll_admin",
    "share_outcome",
    "uncast",
    "update_outcome",
    "update_poll",
]
