"""JSON lines: `{"table": …, "record": {…}}`, one row a line, in an order in which it can be imported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.core.serialize import plain
from llmio.core.urls import absolute, site_url
from llmio.files import signing
from llmio.files.models import Attachment, Blob
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context

BATCH = 500
SECRETS: Mapping[str, frozenset[str]] = {
    "groups": frozenset({"token"}),
    "users": frozenset(
        "encrypted_password reset_password_token reset_password_sent_at email_api_key api_key secret_token "  # noqa: SIM905  # a list of words is read more easily
        "unsubscribe_token authentication_token remember_token remember_created_at unlock_token current_sign_in_ip "
        "last_sign_in_ip failed_attempts locked_at is_admin".split()
    ),
    "memberships": frozenset({"token"}),
    "discussion_readers": frozenset({"token"}),
    "stances": frozenset({"token"}),
}
"""Columns that are never written: what opens doors, and what only concerns the site."""


def rows(ctx: Context, selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, record) of everything, read in batches: memory stays small however large the groups are."""
    for name, condition in selection.parts():
        one = table(name)
        secret = SECRETS.get(name, frozenset())
        columns = [column for column in one.columns if column.name not in secret]
        query = select(*columns).where(condition).order_by(one.c.id)
        for row in ctx.db.execute(query, execution_options={"yield_per": BATCH}).mappings():
            record = {column.name: value(row[column]) for column in columns}
            yield name, _silenced(name, record)
    yield from _attachments(ctx, selection)


def value(found: Any) -> Any:
    """A column's value as JSON has it."""
    shown = plain(found)
    return shown if shown is None or isinstance(shown, str | int | float | bool | list | dict) else str(shown)


def _silenced(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """What was taken back is not handed out."""
    if name == "comments" and record["discarded_at"]:
        record |= {"body": "", "attachments": [], "link_previews": []}
    return record


def _attachments(ctx: Context, selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(Attachment, Blob).join(Blob, Blob.id == Attachment.blob_id).where(selection.attachments())
    for attachment, blob in ctx.db.execute(query.order_by(Attachment.id), execution_options={"yield_per": BATCH}):
        path = signing.url(ctx, blob)
        yield (
            "attachments",
            {
                "id": attachment.id,
                "host": site_url(ctx.app.settings),
                "record_type": attachment.record_type,
                "record_id": attachment.record_id,
                "name": attachment.name,
                "filename": blob.filename,
                "content_type": blob.content_type,
                "path": path,
                "url": absolute(ctx.app.settings, path),
                "checksum": blob.checksum,
                "byte_size": blob.byte_size,
            },
        )


def lines(ctx: Context, selection: Selection) -> Iterator[str]:
    """The lines of the file."""
    for name, record in rows(ctx, selection):
        yield json.dumps({"table": name, "record": record}, ensure_ascii=False) + "\n"
