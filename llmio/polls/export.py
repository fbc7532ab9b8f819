"""A poll as a table: what it was, how it ended, each vote; and the receipts that let voters check who took part."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.groups import rules as groups
from llmio.plugins.guard import guard
from llmio.plugins.polls import Result
from llmio.polls import queries, results
from llmio.polls.models import Poll
from llmio.polls.values import poll_value

if TYPE_CHECKING:
    from llmio.core.context import Context

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # some spreadsheets take the wide ones, too


def cell(value: Any) -> str:
    """A value for a spreadsheet; text that it would take for a formula is marked as text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def as_csv(ctx: Context, poll: Poll) -> str:
    """The whole poll: a line about it, its result, and each vote with a column for each option."""
    ctx.require(Permission.POLL_EXPORT, poll)
    out = io.StringIO()
    write = csv.writer(out)
    for row in (*_about(poll), [], *_result(ctx, poll), [], *_votes(ctx, poll)):
        write.writerow([cell(value) for value in row])
    return out.getvalue()


def _about(poll: Poll) -> Sequence[Sequence[Any]]:
    names = ("id", "key", "title", "poll_type", "author", "group", "created_at", "closing_at", "closed_at", "anonymous",
             "voters_count", "undecided_voters_count", "none_of_the_above_count", "details")  # fmt: skip
    known = {"author": poll.author.name, "group": poll.group.full_name if poll.group else None,
             "details": richtext.plain(poll.details, poll.details_format)}  # fmt: skip
    return [names, [known[name] if name in known else getattr(poll, name) for name in names]]


def _result(ctx: Context, poll: Poll) -> Sequence[Sequence[Any]]:
    result: Result = results.results_of(ctx, [poll])[poll.id]
    columns = [one for one in result.columns if one.kind in ("text", "number", "percent")]
    rows: list[Sequence[Any]] = [[one.key for one in columns]]
    rows += [[results.number(row.cell(one.key)) for one in columns] for row in result.rows]
    kind = ctx.app.plugins.poll_type(poll.poll_type)
    profile = results.profiles(ctx, [poll])[poll.id]
    none: list[list[str]] = []
    more = guard(
        ctx.app.plugins,
        kind,
        f"poll type {poll.poll_type}: export_rows",
        kind.export_rows,
        profile,
        poll_value(ctx.app, poll),
        fallback=none,
        gives=lambda given: all(isinstance(row, list | tuple) for row in given),
        now=ctx.now,
    )
    return [*rows, *more]


def _votes(ctx: Context, poll: Poll) -> Sequence[Sequence[Any]]:
    named = results.voters_nameable(poll)
    options = list(poll.options)
    rows: list[Sequence[Any]] = [
        ["voter", "cast_at", *(option.name for option in options), "none_of_the_above", "reason"]
    ]
    for stance in ctx.db.execute(queries.votes(poll, limit=100_000)):
        scores = stance.option_scores
        rows.append(
            [
                (stance.name or "") if named else "",
                stance.cast_at if named else "",
                *(scores.get(str(option.id), "") for option in options),
                stance.none_of_the_above,
                richtext.plain(stance.reason, stance.reason_format),
            ]
        )
    return rows


@dataclass(frozen=True)
class Receipt:
    """That somebody was asked to vote, and whether they did (None: not told while votes are anonymous)."""

    name: str
    email: str
    member_since: datetime | None
    inviter: str
    invited_at: datetime | None
    vote_cast: bool | None


def receipts(ctx: Context, poll: Poll) -> list[Receipt]:
    """Who was asked to vote, in no telling order; whole addresses for admins of the group alone.

    While an anonymous poll is open it is not told who voted, unless its quorum is reached.
    """
    ctx.require(Permission.POLL_RECEIPTS, poll)
    whole = poll.group is not None and groups.is_admin(ctx, poll.group)
    told = not poll.anonymous or poll.closed_at is not None or _quorum_reached(poll)
    return [
        Receipt(
            user.name or "",
            (user.email or "") if whole else (user.email or "").rpartition("@")[2],
            membership.accepted_at if membership else None,
            inviter or "",
            invited_at,
            bool(cast) if told else None,
        )
        for user, membership, inviter, invited_at, cast in queries.receipts(ctx, poll)
    ]


def _quorum_reached(poll: Poll) -> bool:
    needed = poll.quorum_pct
    cast = poll.voters_count - poll.undecided_voters_count
    return bool(needed) and cast * 100 >= (needed or 0) * poll.voters_count
