"""Polls, votes and outcomes as JSON, for channels that many people read: nothing that any of them may not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.core.serialize import columns, mentioned, plain
from llmio.polls import results
from llmio.polls.models import Outcome, Poll, PollOption, Stance
from llmio.polls.values import poll_value

if TYPE_CHECKING:
    from llmio.core.context import Context

POLL = (
    "id limit_reason_length attachments agree_target author_id anonymous chart_type closed_at closing_at created_at "
    "content_locale details details_format discarded_at discarded_by discussion_id group_id hide_results key "
    "link_previews notify_on_closing_soon poll_type poll_option_name_format reason_prompt shuffle_options "
    "show_none_of_the_above specified_voters_only title tags undecided_voters_count voter_can_add_options voters_count "
    "stance_reason_required versions_count dots_per_person max_score min_score minimum_stance_choices "
    "maximum_stance_choices poll_template_id poll_template_key quorum_pct"
)
DISCARDED = "id discarded_at discarded_by discussion_id group_id key"
OPTION = "id poll_id name priority icon meaning prompt test_operator test_percent test_against"
STANCE = (
    "id none_of_the_above reason reason_format content_locale latest admin cast_at created_at updated_at versions_count "
    "attachments link_previews volume inviter_id poll_id participant_id revoked_at option_scores"
)
SAYS = frozenset(
    ("none_of_the_above", "reason", "attachments", "link_previews", "option_scores", "versions_count", "content_locale")
)
"""What a vote says: shown only where the results are."""
NAMES = frozenset(("participant_id", "inviter_id", "volume", "admin", "cast_at", "created_at", "updated_at"))
"""What tells whose vote it is, by name or by moment."""
OUTCOME = (
    "id statement statement_format content_locale latest created_at attachments link_previews review_on poll_id "
    "poll_option_id author_id versions_count"
)


def poll(ctx: Context, record: Poll) -> dict[str, Any]:
    """A poll; its results only where everyone may see them. Needs `options`."""
    if record.discarded_at is not None:
        return columns(record, DISCARDED)
    decided = record.voters_count - record.undecided_voters_count
    return columns(record, POLL) | {
        "opening_at": plain(record.opening.opening_at) if record.opening else None,
        "decided_voters_count": decided,
        "cast_stances_pct": round(100 * decided / record.voters_count) if record.voters_count else 0,
        "mentioned_usernames": mentioned(record.details),
        "poll_option_names": [option.name for option in record.options],
        **_counts(ctx, record),
    }


def _counts(ctx: Context, record: Poll) -> dict[str, Any]:
    if not results.visible_to_everyone(record):
        return {"results": [], "stance_counts": [], "total_score": 0}
    packed = results.profiles(ctx, [record])[record.id]
    result = results.tally(ctx, record, poll_value(ctx.app, record), packed)
    return {
        "results": results.as_rows(record, result),
        "stance_counts": list(record.stance_counts or ()),
        "total_score": sum(option.total_score for option in record.options),
    }


def option(record: PollOption) -> dict[str, Any]:
    """An option of a poll."""
    return columns(record, OPTION)


def stance(record: Stance, owner: Poll) -> dict[str, Any]:
    """A vote: what it says only where everyone may see results, whose it is never where the poll is anonymous."""
    left_out: set[str] = set()
    if owner.anonymous:
        left_out |= NAMES
    if not results.visible_to_everyone(owner) or record.revoked_at is not None:
        left_out |= SAYS
    shown = columns(record, STANCE, without=left_out)
    if "cast_at" in shown:
        shown["order_at"] = shown["cast_at"] or shown["created_at"]
    if "reason" in shown:
        shown["mentioned_usernames"] = mentioned(record.reason)
    return shown


def outcome(record: Outcome, owner: Poll) -> dict[str, Any]:
    """An outcome."""
    custom = record.custom_fields or {}
    return columns(record, OUTCOME) | {
        "group_id": owner.group_id,
        "event_summary": custom.get("event_summary"),
        "event_location": custom.get("event_location"),
    }
