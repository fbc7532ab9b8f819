"""Tables of the seam, in schema llmio: switches set by administrators, and failures while the site ran."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base

Moment = TIMESTAMP(timezone=True)


class PluginSwitch(Base):
    """A plugin that an administrator switched; without a row it is on."""

    __tablename__ = "plugin_switches"
    __table_args__ = {"schema": "llmio"}

    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    on: Mapped[bool]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class PluginFailure(Base):
    """A fault of a plugin in any process of the site; `digest` is that of where and what."""

    __tablename__ = "plugin_failures"
    __table_args__ = (Index("index_plugin_failures_on_last_at", "last_at"), {"schema": "llmio"})

    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    where: Mapped[str] = mapped_column("place", Text)
    error: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
