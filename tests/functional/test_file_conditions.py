"""Conditional requests for files, each header with its counterexample (RFC 9110, section 13)."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from io import BytesIO

import pytest

from llmio.files import service, signing

BODY = b"0123456789"
OTHER = '"another"'


@pytest.fixture
def file(ctx, make, db):
    """Address, tag and moment of a file."""
    context = ctx(make.user())
    blob = service.store(context, filename="a.bin", stream=BytesIO(BODY))
    blob.created_at = blob.created_at.replace(microsecond=0)
    db.flush()
    return signing.url(context, blob), f'"{blob.key}"', blob.created_at


def date(moment, **later):
    return format_datetime(moment + timedelta(**later), usegmt=True)


@pytest.fixture
def ask(web, file):
    url, tag, moment = file
    words = {
        "TAG": tag,
        "WEAK": f"W/{tag}",
        "OTHER": OTHER,
        "BOTH": f"{OTHER}, {tag}",
        "ANY": "*",
        "THEN": date(moment),
        "BEFORE": date(moment, hours=-1),
        "AFTER": date(moment, hours=1),
        "NONSENSE": "the day before yesterday",
    }

    def made(method="GET", **headers):
        given = {name.replace("_", "-"): words.get(value, value) for name, value in headers.items()}
        return web.request(url, method=method, headers=given, expect_errors=True)

    return made


def test_what_is_told_for_conditions(ask, file):
    _url, tag, moment = file
    got = ask()
    assert (got.headers["ETag"], got.headers["Last-Modified"]) == (tag, date(moment))
    assert got.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_Match": "TAG"}, 200),
        ({"If_Match": "BOTH"}, 200),
        ({"If_Match": "ANY"}, 200),
        ({"If_Match": "OTHER"}, 412),
        ({"If_Match": "WEAK"}, 412),  # compared strongly
        ({"If_None_Match": "TAG"}, 304),
        ({"If_None_Match": "WEAK"}, 304),  # compared weakly
        ({"If_None_Match": "BOTH"}, 304),
        ({"If_None_Match": "ANY"}, 304),
        ({"If_None_Match": "OTHER"}, 200),
        ({"If_Modified_Since": "THEN"}, 304),
        ({"If_Modified_Since": "AFTER"}, 304),
        ({"If_Modified_Since": "BEFORE"}, 200),
        ({"If_Modified_Since": "NONSENSE"}, 200),
        ({"If_Unmodified_Since": "THEN"}, 200),
        ({"If_Unmodified_Since": "AFTER"}, 200),
        ({"If_Unmodified_Since": "BEFORE"}, 412),
        ({"If_Unmodified_Since": "NONSENSE"}, 200),
        # Where there are two, the tag is looked at and the time is not.
        ({"If_Match": "TAG", "If_Unmodified_Since": "BEFORE"}, 200),
        ({"If_None_Match": "OTHER", "If_Modified_Since": "AFTER"}, 200),
        ({"If_None_Match": "TAG", "If_Modified_Since": "BEFORE"}, 304),
        # What refuses goes before what spares.
        ({"If_Match": "OTHER", "If_None_Match": "TAG"}, 412),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(ask, method, headers, status):
    got = ask(method, **headers)
    assert got.status_int == status
    assert got.body == (BODY if status == 200 and method == "GET" else b"")
    if status == 304:
        assert got.headers["ETag"]
        assert "Content-Length" not in got.headers
        assert "Content-Type" not in got.headers


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("TAG", 206),
        ("OTHER", 200),
        ("WEAK", 200),  # compared strongly
        ("THEN", 206),
        ("BEFORE", 200),
        ("NONSENSE", 200),
    ],
)
def test_a_part_only_of_what_is_known(ask, condition, status):
    got = ask(Range="bytes=2-4", If_Range=condition)
    assert got.status_int == status
    assert got.body == (b"234" if status == 206 else BODY)
    assert ("Content-Range" in got.headers) == (status == 206)


def test_a_range_that_cannot_be_given_is_whole_where_the_file_is_another(ask):
    assert ask(Range="bytes=50-", If_Range="TAG").status_int == 416
    assert ask(Range="bytes=50-", If_Range="OTHER").body == BODY


def test_conditions_go_before_ranges(ask):
    assert ask(Range="bytes=2-4", If_None_Match="TAG").status_int == 304
    assert ask(Range="bytes=2-4", If_Match="OTHER").status_int == 412
    assert ask(Range="bytes=2-4", If_Match="TAG").body == b"234"
