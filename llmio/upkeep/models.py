"""What was imported, what was adopted from elsewhere, what was wrong with it, and which backups there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base

Moment = TIMESTAMP(timezone=True)


class Adoption(Base):
    """A dump that was taken over; `report` holds the counts before and after."""

    __tablename__ = "adoptions"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    adopted_at: Mapped[datetime] = mapped_column(Moment)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")


class AdoptionFinding(Base):
    """A malformed row: what was wrong, what was done, and the row as it came (`original`), so that nothing is lost."""

    __tablename__ = "adoption_findings"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    table_name: Mapped[str] = mapped_column(Text)
    row_id: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    done: Mapped[str] = mapped_column(Text)
    original: Mapped[str] = mapped_column(Text)


class Backup(Base):
    """An archive, or a dump somebody else made: `proved_at` is when it was last restored aside, `fault` what failed then."""

    __tablename__ = "backups"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    archive: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(Moment)
    proved_at: Mapped[datetime | None] = mapped_column(Moment)
    fault: Mapped[str] = mapped_column(Text, default="", server_default="")


class GroupImport(Base):
    """An export that was handed in to be imported, and what came of it.

    `fingerprint` tells which group it is an export of, so that it does not come twice unless `again` is set.
    """

    __tablename__ = "group_imports"
    __table_args__ = (Index("index_group_imports_on_fingerprint", "fingerprint"), {"schema": "llmio"})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text, default="", server_default="")
    filename: Mapped[str] = mapped_column(Text)
    again: Mapped[bool] = mapped_column(default=False, server_default="false")
    blob_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None]
    group_id: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(Text, default="", server_default="")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
