"""Look-ups of files that are used more than once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, literal_column, select

from llmio.files.models import Attachment, Blob, VariantRecord

if TYPE_CHECKING:
    from llmio.core.context import Context


VARIANT = "ActiveStorage::VariantRecord"


def blobs(ctx: Context, ids: Iterable[int]) -> dict[int, Blob]:
    """Files by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {blob.id: blob for blob in ctx.db.scalars(select(Blob).where(Blob.id.in_(wanted)))}


def attachments_of(ctx: Context, record_type: str, record_id: int) -> list[Attachment]:
    """What is attached to a record, in order."""
    query = select(Attachment).where(Attachment.record_type == record_type, Attachment.record_id == record_id)
    return list(ctx.db.scalars(query.order_by(Attachment.id)))


def uses(ctx: Context, blob_id: int) -> list[tuple[str, int]]:
    """What a file is attached to, as (record type, id)."""
    query = select(Attachment.record_type, Attachment.record_id).where(Attachment.blob_id == blob_id)
    return [(row.record_type, row.record_id) for row in ctx.db.execute(query.order_by(Attachment.id))]


def small_forms(ctx: Context, blob_id: int) -> list[tuple[str, Blob]]:
    """The small forms of a picture, as (digest of the variation, file), the latest first."""
    query = (
        select(VariantRecord.variation_digest, Blob)
        .join(Attachment, (VariantRecord.id == Attachment.record_id) & (Attachment.record_type == VARIANT))
        .join(Blob, Attachment.blob_id == Blob.id)
        .where(VariantRecord.blob_id == blob_id, Attachment.name == "image")
    )
    return [(row[0], row[1]) for row in ctx.db.execute(query.order_by(VariantRecord.id.desc()))]


def variants(ctx: Context, blob_id: int) -> list[tuple[VariantRecord, Attachment | None, Blob | None]]:
    """All small forms of a picture with their rows; the reference may have made several."""
    query = (
        select(VariantRecord, Attachment, Blob)
        .outerjoin(Attachment, (VariantRecord.id == Attachment.record_id) & (Attachment.record_type == VARIANT))
        .outerjoin(Blob, Blob.id == Attachment.blob_id)
        .where(VariantRecord.blob_id == blob_id)
    )
    return [(row[0], row[1], row[2]) for row in ctx.db.execute(query)]


def unused(ctx: Context, before: datetime, limit: int) -> Sequence[Blob]:
    """Files from before a moment that nothing refers to.

    Not those that came with an adopted site: its older texts name files by address alone, and it kept them all.
    """
    adopted: ColumnElement[int] = literal_column(
        "(SELECT coalesce(max((report ->> 'last_blob')::bigint), 0) FROM llmio.adoptions)"
    )
    used = select(Attachment.id).where(Attachment.blob_id == Blob.id).exists()
    return ctx.db.scalars(
        select(Blob).where(Blob.created_at < before, ~used, Blob.id > adopted).order_by(Blob.id).limit(limit)
    ).all()
