"""Tables of the operator's tools."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, Identity, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base, Utc, utcnow


class ActiveAdminComment(Base):
    """An operator's note on a record."""

    __tablename__ = "active_admin_comments"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    namespace: Mapped[str | None]
    body: Mapped[str | None] = mapped_column(Text)
    resource_type: Mapped[str | None]
    resource_id: Mapped[int | None] = mapped_column(BigInteger)
    author_type: Mapped[str | None]
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)


class BlockedDomain(Base):
    """A domain whose links and addresses are refused."""

    __tablename__ = "blocked_domains"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str | None]


class BlazerQuery(Base):
    """A stored query of the operator."""

    __tablename__ = "blazer_queries"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    creator_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str | None]
    description: Mapped[str | None] = mapped_column(Text)
    statement: Mapped[str | None] = mapped_column(Text)
    data_source: Mapped[str | None]
    status: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)


class BlazerAudit(Base):
    """That a query was run, by whom."""

    __tablename__ = "blazer_audits"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    query_id: Mapped[int | None] = mapped_column(BigInteger)
    statement: Mapped[str | None] = mapped_column(Text)
    data_source: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)


class BlazerCheck(Base):
    """A query run on a schedule, and whom it warns."""

    __tablename__ = "blazer_checks"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    creator_id: Mapped[int | None] = mapped_column(BigInteger)
    query_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str | None]
    schedule: Mapped[str | None]
    emails: Mapped[str | None] = mapped_column(Text)
    slack_channels: Mapped[str | None] = mapped_column(Text)
    check_type: Mapped[str | None]
    message: Mapped[str | None] = mapped_column(Text)
    last_run_at: Mapped[datetime | None] = mapped_column(Utc)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)


class BlazerDashboard(Base):
    """Stored queries shown together."""

    __tablename__ = "blazer_dashboards"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    creator_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)


class BlazerDashboardQuery(Base):
    """One query's place on a dashboard."""

    __tablename__ = "blazer_dashboard_queries"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    dashboard_id: Mapped[int | None] = mapped_column(BigInteger)
    query_id: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)


class Examination(Base):
    """What `llmio doctor` found last, as in the support bundle, and the bundle itself."""

    __tablename__ = "examinations"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    bundle: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class AuditCheck(Base):
    """What came of checking the log of acts last: of all of it (`whole`), and of what was new."""

    __tablename__ = "audit_checks"
    __table_args__ = {"schema": "llmio"}

    whole: Mapped[bool] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    seconds: Mapped[float] = mapped_column(Float)
    """How long it took."""
    read: Mapped[int] = mapped_column(BigInteger)
    """How many rows were read."""
    rows: Mapped[int] = mapped_column(BigInteger)
    """The last row up to which all is well, and its digest."""
    head: Mapped[str] = mapped_column(Text)
    broken: Mapped[int | None] = mapped_column(BigInteger)
    """The first row that is wrong, and how: a key of `llmio.core.audit.FAULTS`."""
    fault: Mapped[str] = mapped_column(Text, default="", server_default="")
