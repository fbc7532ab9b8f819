"""The administrator's overview."""

from __future__ import annotations

from datetime import timedelta

from llmio.core.outbox import Outbox
from tests import factories as make


def test_the_overview_counts_and_warns(web, db):
    admin = make.admin_of_site(db)
    make.group(db, admin=admin)
    web.sign_in(admin)
    page = web.get("/admin").text
    assert "Plugins at work" in page
    assert "failed for good" not in page
    moment = make.now() - timedelta(hours=1)
    row = Outbox(
        job="x.y", queue="default", args=[], created_at=moment, available_at=moment, attempts=9, dead_at=moment
    )
    make.add(db, row)
    assert "1 job failed for good" in web.get("/admin").text


def test_the_overview_is_for_administrators(web, db):
    assert web.get("/admin").status_int == 303
    web.sign_in(make.user(db))
    answer = web.get("/admin", expect_errors=True)
    assert answer.status_int == 403
    assert "Plugins at work" not in answer.text
