"""Files: where they lie, what they are attached to."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.groups.models import Group


class Blob(Base):
    """A stored file; it remembers the storage that holds it (service_name)."""

    __tablename__ = "active_storage_blobs"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str]
    filename: Mapped[str]
    content_type: Mapped[str | None]
    # "metadata" is taken on mapped classes
    metadata_: Mapped[str | None] = mapped_column("metadata", Text)
    byte_size: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    service_name: Mapped[str]

    @property
    def uploader_id(self) -> int | None:
        """Who uploaded it, where that is known."""
        try:
            return json.loads(self.metadata_ or "{}").get("uploader_id")
        except ValueError:
            return None


class Attachment(Base):
    """Ties a blob to a record under a name."""

    __tablename__ = "active_storage_attachments"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    record_type: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    blob_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("active_storage_blobs.id"))
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    group_id: Mapped[int | None]

    blob: Mapped[Blob] = relationship(primaryjoin="foreign(Attachment.blob_id) == Blob.id")


class VariantRecord(Base):
    """A resized form of an image that has been made."""

    __tablename__ = "active_storage_variant_records"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    blob_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("active_storage_blobs.id"))
    variation_digest: Mapped[str]

    blob: Mapped[Blob] = relationship(primaryjoin="foreign(VariantRecord.blob_id) == Blob.id")


class Document(Base):
    """A link or file listed with a group, thread or poll."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int | None]
    model_type: Mapped[str | None]
    title: Mapped[str | None]
    url: Mapped[str | None]
    doctype: Mapped[str]
    color: Mapped[str]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    icon: Mapped[str | None]
    author_id: Mapped[int]
    web_url: Mapped[str | None]
    thumb_url: Mapped[str | None]
    file_file_name: Mapped[str | None]
    file_content_type: Mapped[str | None]
    group_id: Mapped[int | None]

    author: Mapped[User] = relationship(primaryjoin="foreign(Document.author_id) == User.id")
    group: Mapped[Group | None] = relationship(primaryjoin="foreign(Document.group_id) == Group.id")


class LegacyAttachment(Base):
    """A comment's file from before blobs; read only."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    filename: Mapped[str | None] = mapped_column(String(255))
    location: Mapped[str | None] = mapped_column(Text)
    comment_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    filesize: Mapped[int | None]
    file_file_name: Mapped[str | None]
    file_content_type: Mapped[str | None]
    file_file_size: Mapped[int | None]
    file_updated_at: Mapped[datetime | None] = mapped_column(Utc)
    attachable_id: Mapped[int | None]
    attachable_type: Mapped[str | None]
    migrated_to_document: Mapped[bool] = mapped_column(default=False)
