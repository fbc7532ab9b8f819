"""One row for each summary that a person was to get."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base


class CatchUp(Base):
    """A person's summary of a day: unique, so that nobody gets two, and the stretch of time that it tells of."""

    __tablename__ = "catch_ups"
    __table_args__ = ({"schema": "llmio"},)

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    """The day on the person's own calendar."""
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    until: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
