"""Long work: it reports how far it has come, to who asked and to administrators."""

from __future__ import annotations

import pytest

from llmio.core import work
from llmio.core.outbox import Outbox
from llmio.core.work import LongWork, State
from llmio.search import building
from tests import factories as make


@pytest.fixture
def admin(web, db):
    found = make.admin_of_site(db)
    web.sign_in(found)
    return found


def only(db):
    db.expire_all()
    return db.query(LongWork).one()


def test_work_reports_while_it_runs_and_at_its_end(app, db, clock):
    clock.set(clock.now())
    with work.reported(app, "test.work", "Some work") as report:
        assert only(db).state == State.RUNNING
        report.reach(3, 10, "first")
        assert (only(db).done, only(db).total, only(db).note, only(db).percent) == (3, 10, "first", 30)
        report.reach(4, 10, "second")
        assert only(db).done == 3, "written down twice a second at most"
        clock.move(seconds=1)
        report.reach(10, 10, "third")
        assert only(db).percent == 99, "never all before the end"
        report.reach(11, 12, "fourth")
        report.result("/exports/1")
    one = only(db)
    assert (one.state, one.done, one.total, one.percent, one.link) == (State.DONE, 11, 12, 100, "/exports/1")
    assert one.over


def test_work_that_fails_says_why_and_may_begin_again(app, db):
    def run():
        with work.reported(app, "test.work", "Some work", work_id=work_id) as report:
            report.reach(1, 2)
            if first:
                raise ValueError("the disk is full \x00")

    with app.begin() as ctx:
        work_id = work.ask(ctx, "test.work", "Some work").id
    first = True
    with pytest.raises(ValueError, match="full"):
        run()
    assert (only(db).state, only(db).error) == (State.FAILED, "the disk is full \ufffd")
    first = False
    run()
    assert (only(db).state, only(db).error) == (State.DONE, "")


def test_work_that_somebody_stops_says_so(app, db):
    with pytest.raises(KeyboardInterrupt), work.reported(app, "test.work", "Some work"):
        raise KeyboardInterrupt
    assert (only(db).state, only(db).error) == (State.FAILED, "It was stopped before its end")


def test_the_index_is_built_anew_by_a_button_and_its_progress_shown(web, admin, db, run_jobs, monkeypatch):
    thread = make.discussion(db, make.group(db, admin=admin), author=admin, title="Findable words")
    answer = web.send("/admin/search/reindex")
    page = answer.follow()
    frame = page.html.select_one(f"#work-{only(db).id}")
    assert frame["data-controller"] == "follow"
    assert "Waits for its turn" in frame.text
    assert page.html.select_one("noscript a")["href"] == page.request.path
    assert web.send("/admin/search/reindex").location == answer.location, "one at a time"
    assert db.query(Outbox).filter_by(job="search.reindex").count() == 1
    seen = []
    build = building.build

    def watched(app):
        for reached in build(app):
            seen.append(web.get(answer.location).html.select_one("progress")["value"])
            yield reached

    monkeypatch.setattr(building, "build", watched)
    run_jobs()
    assert seen
    assert set(seen) <= {str(number) for number in range(100)}
    page = web.get(answer.location)
    assert "Done" in page.html.select_one(".work").text
    assert page.html.select_one("noscript a") is None
    assert only(db).user_id == admin.id
    assert thread.title in web.get("/search?q=findable").html.get_text()
    assert web.send("/admin/search/reindex").location != answer.location


def test_progress_is_for_who_asked_and_for_administrators(web, app, db, ctx, new_browser):
    ada, ben, root = make.user(db), make.user(db), make.admin_of_site(db)
    one = make.add(db, LongWork(kind="test.work", title="Some work", user_id=ada.id, created_at=make.now(), updated_at=make.now()))  # fmt: skip
    path = f"/work/{one.id}"
    assert new_browser().get(path).status_int == 303
    assert web.sign_in(ada).get(path).status_int == 200
    assert new_browser().sign_in(root).get(path).status_int == 200
    assert new_browser().sign_in(ben).get(path, expect_errors=True).status_int == 404
    assert web.get("/work/999999999", expect_errors=True).status_int == 404


def test_work_whose_process_died_is_told_of_and_may_be_asked_for_again(web, admin, app, db, clock):
    with app.begin() as ctx:
        work_id = work.ask(ctx, "search.reindex", "Building").id
    work.Report(app, work_id).begin()
    assert "not said a word" not in web.get("/admin/jobs").text
    assert web.send("/admin/search/reindex").location.endswith(f"/work/{work_id}")
    clock.move(minutes=3)
    assert "not said a word" in web.get("/admin/jobs").text
    assert not web.send("/admin/search/reindex").location.endswith(f"/work/{work_id}")


def test_old_work_is_forgotten(app, db, clock):
    with work.reported(app, "test.work", "Old"):
        pass
    clock.move(days=31)
    with work.reported(app, "test.work", "New"):
        pass
    assert only(db).title == "New"
