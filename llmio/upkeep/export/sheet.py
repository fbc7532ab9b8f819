"""CSV: one section after the other, each with a heading, the names of its columns and its rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, Text, func, select
from sqlalchemy import cast as sql_cast

from llmio.core import richtext
from llmio.polls.export import cell
from llmio.upkeep.export.jsonl import BATCH
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context

Section = tuple[str, Select[Any]]
BODIES = {"description": "description_format", "body": "body_format", "details": "details_format",
          "reason": "reason_format", "statement": "statement_format"}  # fmt: skip
"""Columns with a text of people → the column that says how it is written."""


def _name(person: ColumnElement[Any], label: str = "author_name") -> ColumnElement[Any]:
    users = table("users")
    return select(users.c.name).where(users.c.id == person).scalar_subquery().label(label)


def sections(selection: Selection) -> Iterator[Section]:
    """(heading, select) of each section."""
    conditions = dict(selection.parts())
    yield "Groups", _plain("groups", "id key name description description_format created_at", conditions)
    one, users = table("memberships"), table("users")
    yield (
        "Memberships",
        select(
            one.c.group_id, one.c.user_id, users.c.name.label("user_name"), users.c.email.label("user_email"),
            one.c.admin, one.c.title, one.c.created_at, one.c.accepted_at, one.c.revoked_at,
        ).join(users, users.c.id == one.c.user_id).where(conditions["memberships"]).order_by(one.c.id),
    )  # fmt: skip
    yield (
        "Discussions",
        _plain("discussions", "id key group_id author_id title description description_format created_at closed_at",
               conditions, "author_id"),
    )  # fmt: skip
    yield (
        "Comments",
        _plain("comments", "id discussion_id parent_type parent_id user_id body body_format created_at discarded_at",
               conditions, "user_id"),
    )  # fmt: skip
    yield (
        "Polls",
        _plain("polls", "id key group_id discussion_id author_id title poll_type details details_format anonymous "
               "voters_count undecided_voters_count created_at closing_at closed_at", conditions, "author_id"),
    )  # fmt: skip
    yield "Stances", _stances(conditions["stances"])
    yield (
        "Outcomes",
        _plain("outcomes", "id poll_id author_id statement statement_format review_on latest created_at", conditions,
               "author_id"),
    )  # fmt: skip


def _plain(name: str, columns: str, conditions: dict[str, ColumnElement[bool]], author: str = "") -> Select[Any]:
    one = table(name)
    wanted: list[Any] = [one.c[column] for column in columns.split()]
    if author:
        wanted.insert(columns.split().index(author) + 1, _name(one.c[author]))
    return select(*wanted).where(conditions[name]).order_by(one.c.id)


def _stances(condition: ColumnElement[bool]) -> Select[Any]:
    """Votes with what was chosen, as `option: score` beside each other."""
    one, choices, options = table("stances"), table("stance_choices"), table("poll_options")
    chosen = (
        select(func.string_agg(options.c.name + ": " + sql_cast(choices.c.score, Text), "; "))
        .join(options, options.c.id == choices.c.poll_option_id)
        .where(choices.c.stance_id == one.c.id)
        .scalar_subquery()
        .label("choices")
    )
    columns = ("id", "poll_id", "participant_id", "reason", "reason_format", "latest", "cast_at", "revoked_at")
    wanted: list[Any] = [one.c[name] for name in columns]
    wanted[3:3] = [_name(one.c.participant_id, "participant_name"), chosen]
    return select(*wanted).where(condition).order_by(one.c.id)


def lines(ctx: Context, selection: Selection) -> Iterator[str]:
    """The lines of the file, read in batches. It begins with a mark that makes spreadsheets read it as UTF-8."""
    yield "\ufeff"
    for heading, query in sections(selection):
        yield _line([heading])
        names = [column.name for column in query.selected_columns]
        shown = [name for name in names if name not in BODIES.values()]
        yield _line(shown)
        for row in ctx.db.execute(query, execution_options={"yield_per": BATCH}).mappings():
            yield _line([_shown(name, dict(row)) for name in shown])
        yield _line([])


def _shown(name: str, row: dict[str, Any]) -> str:
    if name in BODIES:
        if row.get("discarded_at") is not None:
            return ""
        return cell(richtext.plain(row[name] or "", row[BODIES[name]]))
    return cell(row[name])


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
