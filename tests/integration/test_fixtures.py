"""The test fixtures themselves: isolation, commits, hooks, jobs, pages, counting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from llmio.accounts.models import User
from llmio.core.jobs import job
from llmio.core.outbox import Outbox
from llmio.polls.models import Poll


@job("test.rename")
def rename(ctx, user_id, name):
    """Rename a user."""
    ctx.db.get_one(User, user_id).name = name


@job("test.fail", retries=1)
def fail(ctx):
    """Fail."""
    raise ZeroDivisionError


@job("test.outside", transaction=False)
def outside(app, user_id):
    """Work with two short transactions of its own."""
    with app.begin() as ctx:
        name = ctx.db.get_one(User, user_id).name
    with app.begin() as ctx:
        ctx.db.get_one(User, user_id).name = f"{name} twice"


@pytest.fixture
def jobs(app, monkeypatch):
    for one in (rename, fail, outside):
        monkeypatch.setitem(app.jobs, one.name, one)


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_starts_from_an_empty_database(db, make, time):
    assert db.scalar(select(func.count(User.id))) == 0
    make.user()


def test_commit_is_seen_by_others_and_undone_after_the_test(app, db, make, commit):
    make.user(name="Ada")
    commit()
    with app.begin() as ctx:
        assert ctx.db.scalars(select(User.name)).all() == ["Ada"]


def test_failed_transaction_leaves_what_was_before(app, make, db):
    ada = make.user(name="Ada")

    def rename_and_fail():
        with app.begin() as ctx:
            ctx.db.get_one(User, ada.id).name = "Eve"
            ctx.db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rename_and_fail()
    db.expire_all()
    assert ada.name == "Ada"


def test_job_runs_and_its_row_is_gone(ctx, db, make, jobs, run_jobs):
    ada = make.user(name="Ada")
    ctx().enqueue(rename, ada.id, "Lovelace")
    assert run_jobs() == ["test.rename"]
    assert ada.name == "Lovelace"
    assert db.scalar(select(func.count(Outbox.id))) == 0


def test_job_with_its_own_transactions_sees_the_tests_rows(ctx, make, jobs, run_jobs):
    ada = make.user(name="Ada")
    ctx().enqueue(outside, ada.id)
    run_jobs()
    assert ada.name == "Ada twice"


def test_failing_job_fails_the_test(ctx, jobs, run_jobs):
    ctx().enqueue(fail)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_jobs()


def test_delayed_job_runs_when_its_time_has_come(ctx, make, jobs, run_jobs, clock):
    ctx().enqueue(rename, make.user().id, "Later", delay=timedelta(hours=1))
    assert run_jobs() == []
    clock.move(hours=1)
    assert run_jobs() == ["test.rename"]


def test_queue_is_kicked_after_commit_only(ctx, jobs, queue, commit, make):
    ctx().enqueue(rename, make.user().id, "Ada")
    assert queue.kicks == []
    commit()
    assert [name for _, name in queue.kicks] == ["default"]


def test_clock_can_be_set(ctx, clock):
    moment = datetime(2030, 1, 2, tzinfo=UTC)
    clock.set(moment)
    assert ctx().now == moment


def test_page_is_served(web):
    assert "Disallow" in web.get("/robots.txt")


def test_signed_in_browser_is_known(app, make, web, new_browser, sign_in):
    ada = make.user(name="Ada Lovelace")
    target = app.settings.text("features.default_path")
    assert web.get("/", status=303).location.endswith("/sign_in")
    sign_in(ada)
    assert web.get("/", status=303).location.endswith(target)
    assert new_browser().get("/", status=303).location.endswith("/sign_in")
    web.sign_out()
    assert web.get("/", status=303).location.endswith("/sign_in")


def test_browser_changes_hands(make, web):
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    for person in (ada, ben):
        web.sign_in(person)
        assert web.get("/profile").html.find("input", {"name": "name"})["value"] == person.name
        web.send("/sign_out", status=303)


def test_queries_are_counted_without_savepoints(app, db, make, queries):
    make.user()
    with queries() as sent:
        db.scalars(select(User)).all()
        with app.begin() as ctx:
            ctx.db.scalars(select(Poll)).all()
    assert sent.count == 2
    assert "FROM polls" in str(sent)


def test_committed_database_is_real(committed_db, app):
    with app.begin() as ctx:
        ctx.db.add(User(name="Ada"))
    with committed_db.engine.connect() as other:
        assert other.scalar(text("SELECT name FROM users")) == "Ada"


def test_factories_build_a_thread_with_a_poll(db, make):
    ada, ben = make.user(), make.user()
    group = make.group(admin=ada, members=[ben])
    thread = make.discussion(group, author=ada)
    first = make.comment(thread, author=ben)
    make.comment(thread, author=ada, parent=first)
    poll = make.poll(discussion=thread, voters=[ada])
    make.stance(poll, ben, choices={"agree": 1})
    make.outcome(poll)
    assert thread.ranges_string == "1-4"
    places = db.execute(
        text("SELECT kind, position_key, depth FROM events WHERE discussion_id = :id ORDER BY sequence_id"),
        {"id": thread.id},
    )
    assert [tuple(place) for place in places] == [
        ("new_comment", "00001", 1),
        ("new_comment", "00001-00001", 2),
        ("poll_created", "00002", 1),
        ("outcome_created", "00002-00001", 2),
    ]
    assert (poll.voters_count, poll.undecided_voters_count) == (2, 1)
    assert make.options_of(poll)["agree"].score_counts == {"1": 1}
    assert group.memberships_count == 2


def test_records_stay_in_the_session_after_a_commit(db, make, commit):
    ada = make.user(name="Ada")
    commit()
    ada.name = "Lovelace"
    commit()
    db.expire_all()
    assert ada.name == "Lovelace"


def test_post_needs_the_token_that_send_adds(make, web):
    web.sign_in(make.user())
    web.post("/sign_out", status=400)
    assert web.get("/", status=303).location.endswith("/dashboard")
    web.send("/sign_out", status=303)
    assert web.get("/", status=303).location.endswith("/sign_in")


def test_factories_work_on_a_committed_database(committed_db, make, commit):
    make.user(name="Ada")
    commit()
    with committed_db.engine.connect() as other:
        assert other.scalar(text("SELECT name FROM users")) == "Ada"


@pytest.mark.parametrize("turn", [1, 2])
def test_what_plugins_failed_at_is_forgotten(app, clock, turn):
    assert app.plugins.failures.all() == []
    app.plugins.failures.add("poll_score", "here", ValueError("once"), clock.now())


@pytest.mark.xdist_group("together")
def test_what_shares_fixtures_is_kept_with_one_worker(request):
    """xdist hands groups to its scheduler within names. Where that fails nothing is said, and each worker makes everything anew."""
    spread = getattr(request.config.option, "loadgroup", False)  # so xdist tells a worker of `--dist loadgroup`
    assert request.node.nodeid.endswith("@together") is spread, "pytest and pytest-xdist as setup.py names them do"
