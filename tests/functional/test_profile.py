"""The own account: profile, password, sessions, closing it; and what others see."""

from __future__ import annotations

import pytest

from llmio.accounts import passwords
from llmio.accounts.models import LoginToken, UserDeactivationResponse
from llmio.accounts.sessions import UserSession

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(make):
    return make.user(name="Ada Lovelace", email="ada@example.org", username="ada", created_at=None)


def fill(page, action, **fields):
    form = next(form for form in page.forms.values() if form.action == action)
    for name, value in fields.items():
        form[name] = value
    return form.submit(expect_errors=True)


def test_profile_is_saved_and_shown_to_others(web, new_browser, ada, make):
    web.sign_in(ada)
    page = fill(web.get("/profile"), "/profile", name="Ada King", username="countess", short_bio="I like *numbers*.",
                time_zone="Europe/London", autodetect_time_zone=False)  # fmt: skip
    assert page.status_int == 303
    assert (ada.name, ada.username, ada.avatar_initials, ada.time_zone) == (
        "Ada King",
        "countess",
        "AK",
        "Europe/London",
    )
    other = new_browser().sign_in(make.user())
    shown = other.get("/u/countess")
    assert shown.html.h1.text == "Ada King"
    assert "<em>numbers</em>" in shown.text
    assert "ada@example.org" not in shown.text


def test_profile_is_for_the_signed_in(web, ada):
    assert web.get("/u/ada").location.endswith("/sign_in?next=%2Fu%2Fada")
    assert web.get("/profile").status_int == 303


def test_what_is_written_in_a_profile_is_escaped(web, ada):
    web.sign_in(ada)
    fill(web.get("/profile"), "/profile", name="<b>Ada</b>", short_bio="<script>alert(1)</script><img src=x onerror=y>")
    page = web.get("/u/ada").text
    assert "<b>Ada" not in page
    assert "<script>alert" not in page
    assert not web.get("/u/ada").html.select("main [onerror], main script")


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "x" * 101}, {"username": ""}, {"username": "Ada!"}, {"username": "x" * 31},
     {"username": "admin"}, {"username": "taken"}, {"short_bio": "x" * 5001}],
)  # fmt: skip
def test_bad_profile_comes_back_as_typed(web, ada, make, fields):
    make.user(username="taken")
    web.sign_in(ada)
    page = fill(web.get("/profile"), "/profile", **fields)
    assert page.status_int == 422
    name = next(iter(fields))
    field = page.html.select_one(f"#field-{name}")
    assert field["aria-invalid"] == "true"
    assert (field.get("value") if field.name == "input" else field.text.strip()) == fields[name]
    assert (ada.name, ada.username, ada.short_bio) == ("Ada Lovelace", "ada", "")


@pytest.mark.parametrize("fields", [{"time_zone": "Mars/Base"}, {"locale": "tlh"}])
def test_unknown_zone_or_language_is_refused(web, ada, fields):
    web.sign_in(ada)
    form = {"name": "Ada", "username": "ada", "time_zone": "UTC", **fields}
    assert web.send("/profile", form, status=422)
    assert ada.time_zone == "UTC"


def test_closed_and_unproved_accounts_have_no_page(web, make, clock):
    closed = make.user(deactivated_at=clock.now())
    invited = make.user(email_verified=False)
    web.sign_in(make.user())
    for user in (closed, invited):
        assert web.get(f"/u/{user.username}", status=404)
    assert web.get("/u/nobody", status=404)


def test_password_is_set_without_one_and_signs_other_browsers_out(web, new_browser, ada, app):
    other = new_browser().sign_in(ada)
    web.sign_in(ada)
    page = fill(web.get("/profile/security"), "/profile/password", new_password=PASSWORD)
    assert page.status_int == 303
    assert passwords.matches(app.settings, PASSWORD, ada.encrypted_password)
    assert web.get("/profile").status_int == 200
    assert other.get("/profile").status_int == 303


def test_old_session_must_name_the_present_password(web, ada, app, clock):
    ada.encrypted_password = passwords.hash_password(app.settings, PASSWORD)
    web.sign_in(ada)
    clock.move(hours=2)
    assert "Present password" in web.get("/profile/security").text
    page = web.send("/profile/password", {"new_password": "another long one", "current_password": "wrong"}, status=422)
    assert page.html.select_one("#field-current_password")["aria-invalid"] == "true"
    assert passwords.matches(app.settings, PASSWORD, ada.encrypted_password)
    web.send("/profile/password", {"new_password": "another long one", "current_password": PASSWORD}, status=303)
    assert passwords.matches(app.settings, "another long one", ada.encrypted_password)


def test_forgotten_password_is_replaced_after_signing_in_anew(web, ada, app):
    ada.encrypted_password = passwords.hash_password(app.settings, "forgotten long ago")
    web.sign_in(ada)
    assert web.send("/profile/password", {"new_password": PASSWORD}).status_int == 303
    assert passwords.matches(app.settings, PASSWORD, ada.encrypted_password)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaa", "ada@example.org", "Ada Lovelace", "x1y2" * 20])
def test_weak_or_endless_password_is_refused(web, ada, password):
    web.sign_in(ada)
    assert web.send("/profile/password", {"new_password": password}, status=422)
    assert not ada.encrypted_password


def test_sign_out_everywhere_ends_sessions_and_links(web, new_browser, ada, db):
    other = new_browser().sign_in(ada)
    web.sign_in(ada)
    db.add(LoginToken(user=ada, token="mailed-before", code=123456))
    secret = ada.secret_token
    assert web.send("/sign_out/everywhere").location.endswith("/sign_in")
    for browser in (web, other):
        assert browser.get("/profile").status_int == 303
    assert web.get("/login_tokens/mailed-before", status=410)
    assert ada.secret_token not in (None, secret)


def test_sign_out_everywhere_leaves_others_alone(web, new_browser, ada, make):
    other = new_browser().sign_in(make.user())
    web.sign_in(ada).send("/sign_out/everywhere")
    assert other.get("/profile").status_int == 200


def test_sessions_are_listed_in_words(web, ada, db, clock):
    web.sign_in(ada)
    db.add(UserSession(id="other", user_id=ada.id, created_at=clock.now(), ip="192.0.2.1",
                       user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))  # fmt: skip
    db.add(UserSession(id="ended", user_id=ada.id, created_at=clock.now(), ended_at=clock.now(), user_agent="", ip=""))
    page = web.get("/profile/security")
    assert [row.text.strip().split("\n")[0] for row in page.html.select(".row-title")].count("Firefox, Linux") == 1
    assert len(page.html.select(".row-item")) == 2
    assert page.text.count("this browser") == 1


def test_closing_the_account_asks_to_be_sure(web, ada, db):
    web.sign_in(ada)
    assert fill(web.get("/profile/deactivate"), "/profile/deactivate", reason="Too busy").status_int == 422
    assert ada.deactivated_at is None
    assert fill(web.get("/profile/deactivate"), "/profile/deactivate", reason="Too busy", sure=True).status_int == 303
    assert (ada.deactivated_at is not None, ada.deactivator_id) == (True, ada.id)
    assert web.get("/profile").status_int == 303
    assert db.query(UserDeactivationResponse).one().body == "Too busy"


def test_closing_the_account_leaves_every_group(web, ada, make, run_jobs, db):
    from llmio.groups.models import Membership

    bob = make.user()
    group = make.group(admin=bob, members=[ada])
    web.sign_in(ada)
    web.send("/profile", {"name": "Ada", "username": "ada", "time_zone": "UTC"})
    run_jobs()
    held = {row.user_id: row for row in db.query(Membership).filter_by(group_id=group.id)}
    assert held[ada.id].revoked_at is None, "any other change leaves memberships alone"
    web.send("/profile/deactivate", {"sure": "1"})
    run_jobs()
    assert (held[ada.id].revoked_at is not None, held[bob.id].revoked_at) == (True, None)
    assert group.memberships_count == 1


def test_only_administrator_cannot_leave(web, make):
    admin = make.admin_of_site()
    web.sign_in(admin)
    assert "only administrator" in web.send("/profile/deactivate", {"sure": "1"}, status=422).text
    assert admin.deactivated_at is None
    make.admin_of_site()
    assert web.send("/profile/deactivate", {"sure": "1"}).status_int == 303


def test_nobody_changes_the_account_of_another(ctx, ada, make):
    from llmio.accounts import service
    from llmio.core.errors import NotAllowed

    mallory = ctx(make.user())
    acts = [
        lambda: service.update_profile(mallory, ada, name="M", username="m"),
        lambda: service.set_password(mallory, ada, new=PASSWORD),
        lambda: service.sign_out_everywhere(mallory, ada),
        lambda: service.deactivate(mallory, ada),
        lambda: service.reactivate(mallory, ada),
        lambda: service.give_name(mallory, ada, name="Mallory"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert ada.name == "Ada Lovelace"


def test_chores_remove_what_no_longer_works(app, db, ada, clock, run_jobs):
    from llmio.accounts import jobs
    from llmio.accounts.models import SignIn

    moment = clock.now()
    db.add(LoginToken(user=ada, token="old", code=1, created_at=moment))
    db.add(SignIn(email="a@example.org", browser="x", created_at=moment))
    db.add(UserSession(id="ended", user_id=ada.id, created_at=moment, ended_at=moment, user_agent="", ip=""))
    db.add(UserSession(id="open", user_id=ada.id, created_at=moment, user_agent="", ip=""))
    clock.move(days=31)
    db.add(LoginToken(user=ada, token="new", code=1, created_at=clock.now()))
    db.flush()
    with app.begin() as work:
        jobs.sweep.run(work)
    assert [token.token for token in db.query(LoginToken)] == ["new"]
    assert [row.id for row in db.query(UserSession)] == ["open"]
    assert db.query(SignIn).count() == 0
