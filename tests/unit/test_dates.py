"""Times in words: by zone, by language, by distance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmio.web.dates import time_text

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "said"),
    [(timedelta(hours=-3), "3 hours ago"), (timedelta(days=2), "in 2 days"), (timedelta(days=-40), "Mar 25, 2026")],
)
def test_a_time_is_told_by_its_distance(away: timedelta, said: str) -> None:
    assert time_text(NOW + away, now=NOW)[0] == said


def test_a_time_is_told_in_the_readers_zone_and_language() -> None:
    text, exact = time_text(NOW, "datetime", now=NOW, zone="Pacific/Auckland", locale="de")
    assert text == "5 Mai 2026, 00:00"
    assert exact == "2026-05-05 00:00 NZST"


def test_a_time_without_a_zone_is_utc() -> None:
    assert time_text(NOW.replace(tzinfo=None), "datetime", now=NOW) == time_text(NOW, "datetime", now=NOW)


@pytest.mark.parametrize(("zone", "locale"), [("Nowhere/Land", "en"), ("UTC", "xx-none"), ("../etc", "")])
def test_an_unknown_zone_or_language_falls_back(zone: str, locale: str) -> None:
    assert time_text(NOW, "datetime", now=NOW, zone=zone, locale=locale)[0] == "4 May 2026, 12:00"
