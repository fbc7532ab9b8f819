"""Signing up and in: by link, by code, by password, and what must not work."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace

import pytest

from llmio.accounts import passwords
from llmio.accounts.models import LoginToken, SignIn, User
from llmio.accounts.sessions import UserSession

PASSWORD = "correct horse battery"


@pytest.fixture
def ask(web, run_jobs, mailbox):
    """`ask(address)`: type it at /sign_in and read the mail; the page, code and link that came of it."""

    def made(email, *, browser=None, **fields):
        browser = browser or web
        form = form_of(browser.get("/sign_in"), "/sign_in")
        form["email"] = email
        for name, value in fields.items():
            form[name] = value
        page = form.submit()
        assert page.status_int == 303
        run_jobs()
        mail = mailbox.last(email)
        code = re.search(r"\d{6}", mail.subject)
        link = re.search(r"https?://[^/]+(/login_tokens/\w+)", mail.text)
        return SimpleNamespace(page=page.follow(), mail=mail, code=code and code[0], link=link and link[1])

    return made


@pytest.fixture
def ada(make):
    return make.user(name="Ada Lovelace", email="ada@example.org", username="ada")


@pytest.fixture
def with_password(ada, app):
    ada.encrypted_password = passwords.hash_password(app.settings, PASSWORD)
    return ada


def form_of(page, action):
    return next(form for form in page.forms.values() if form.action == action)


def is_in(browser):
    return browser.get("/profile").status_int == 200


def enter(browser, code):
    form = form_of(browser.get("/login_code"), "/login_code")
    form["code"] = code
    return form.submit(expect_errors=True)


def test_sign_up_makes_a_person_once_the_address_is_proved(web, run_jobs, mailbox, db):
    form = form_of(web.get("/sign_up"), "/sign_up")
    form["name"], form["email"] = "Grace Hopper", " Grace@Example.org "
    assert form.submit().location.endswith("/login_code")
    user = db.query(User).filter_by(email="grace@example.org").one()
    assert not user.email_verified
    run_jobs()
    mail = mailbox.last("grace@example.org")
    assert "Grace Hopper" in mail.text
    assert enter(web, re.search(r"\d{6}", mail.subject)[0]).location.endswith("/dashboard")
    db.expire_all()
    assert (user.name, user.username, user.avatar_initials) == ("Grace Hopper", "gracehopper", "GH")
    assert user.email_verified
    assert len(user.key) == 8
    assert user.unsubscribe_token
    assert user.email_api_key
    assert is_in(web)


def test_sign_up_with_a_known_address_mails_a_way_in_and_changes_nothing(web, run_jobs, mailbox, ada):
    page = web.send("/sign_up", {"name": "Somebody Else", "email": "ada@example.org"})
    assert page.location.endswith("/login_code")
    run_jobs()
    assert "have an account" in mailbox.last("ada@example.org").text
    enter(web, re.search(r"\d{6}", mailbox.last().subject)[0])
    assert ada.name == "Ada Lovelace"
    assert is_in(web)


def test_invited_person_is_completed_by_signing_up(web, run_jobs, mailbox, db, ctx):
    from llmio.accounts import service

    placeholder = service.find_or_invite(ctx(), "Invited@example.org")
    db.flush()
    web.send("/sign_up", {"name": "In Vited", "email": "invited@example.org"})
    run_jobs()
    enter(web, re.search(r"\d{6}", mailbox.last().subject)[0])
    db.refresh(placeholder)
    assert (placeholder.name, placeholder.email_verified) == ("In Vited", True)
    assert db.query(User).filter_by(email="invited@example.org").count() == 1


def test_link_asks_before_it_signs_in_and_works_once(ask, ada, web, new_browser):
    asked = ask("ada@example.org")
    elsewhere = new_browser()
    page = elsewhere.get(asked.link)
    assert elsewhere.get(asked.link).status_int == 200, "looking at a link must not use it up"
    assert elsewhere.get("/profile").status_int == 303
    assert form_of(page, asked.link).submit().location.endswith("/dashboard")
    assert is_in(elsewhere)
    again = new_browser()
    assert again.get(asked.link, status=410)
    assert again.send(asked.link, status=410)
    assert not is_in(again)
    assert enter(web, asked.code).status_int == 422, "the code goes with the link"


def test_link_expires(ask, ada, web, clock):
    asked = ask("ada@example.org")
    clock.move(minutes=1439)
    assert web.get(asked.link).status_int == 200
    clock.move(minutes=2)
    assert web.get(asked.link, status=410)
    assert web.send(asked.link, status=410)
    assert enter(web, asked.code).status_int == 422
    assert not is_in(web)


def test_code_is_good_only_in_the_browser_that_asked(ask, ada, new_browser):
    early, late = new_browser(), new_browser()
    assert early.get("/login_code").location.endswith("/sign_in")
    ask("early@example.org", browser=early)
    asked = ask("ada@example.org")
    assert enter(early, asked.code).status_int == 422
    ask("late@example.org", browser=late)
    assert enter(late, asked.code).status_int == 422
    assert not is_in(early)
    assert not is_in(late)


def test_link_opened_twice_at_once_works_once(committed_db, app):
    """Both see it unused; the second waits for the first to commit, and gets nothing."""
    from llmio.accounts import service
    from llmio.accounts.service import signing

    with app.begin() as ctx:
        user = service.create_user(ctx, email="ada@example.org", name="Ada Lovelace")
        link = service.new_login_token(ctx, user).token
    found, seen = [], threading.Event()

    def second():
        with app.begin() as ctx:
            token = service.find_link(ctx, link)
            seen.set()
            found.append(signing._redeem(ctx, token))

    thread = threading.Thread(target=second)
    with app.begin() as ctx:
        assert service.redeem_link(ctx, link) is not None
        thread.start()
        assert seen.wait(60)
    thread.join(60)
    assert found == [None]


def test_code_may_be_typed_with_blanks(ask, ada, web):
    code = ask("ada@example.org").code
    assert enter(web, f" {code[:3]} {code[3:]} ").status_int == 303


def test_guessing_codes_ends_after_five(ask, ada, web, db):
    asked = ask("ada@example.org")
    wrong = "100000" if asked.code != "100000" else "100001"
    assert [enter(web, wrong).status_int for _ in range(5)] == [422] * 5
    page = enter(web, asked.code)
    assert page.status_int == 422
    assert "ask for a new one" in page.html.select_one("#field-code-error").text
    assert form_of(page, "/sign_in")["email"].value == "ada@example.org"
    assert not is_in(web)
    assert db.query(SignIn).one().failures == 5
    assert web.send(asked.link).status_int == 303, "the owner of the mail is not shut out"


def test_guesses_for_an_unknown_address_end_alike(ask, web):
    ask("nobody@example.org")
    told = [enter(web, "100000").html.select_one("#field-code-error").text.strip() for _ in range(6)]
    assert told == ["This code is not right, or it is too old."] * 5 + [
        "Too many wrong codes. Please ask for a new one."
    ]


def test_no_answer_tells_whether_an_address_has_an_account(web, new_browser, ada, db):
    def answers(browser, email):
        found = []
        page = browser.send("/sign_in", {"email": email})
        found.append((page.status_int, page.location))
        text = browser.get("/login_code").text.replace(email, "ADDRESS")
        found.append(re.sub(r'(csrf_token" value=|nonce[=-]|content=)"?[\w-]+"?', "", text))
        found.append(browser.send("/sign_in", {"email": email, "password": "wrong-password"}, status=422).status_int)
        page = browser.send("/sign_up", {"name": "Some Body", "email": email})
        found.append((page.status_int, page.location))
        return found

    assert answers(web, "ada@example.org") == answers(new_browser(), "nobody@example.org")
    assert db.query(LoginToken).count() >= 2


def test_unknown_address_is_told_by_mail_alone(ask, db):
    asked = ask("nobody@example.org")
    assert asked.code is None
    assert asked.link is None
    assert "/sign_up" in asked.mail.text
    assert db.query(User).filter_by(email="nobody@example.org").count() == 0


def test_password_of_an_unknown_address_takes_as_long(ctx, ada, with_password, monkeypatch):
    import bcrypt

    from llmio.accounts import service

    checked = []
    check = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: checked.append(stored) or check(password, stored))
    for email in ("ada@example.org", "nobody@example.org"):
        assert service.check_password(ctx(), email, "wrong-password") is None
    assert [stored.split(b"$")[2] for stored in checked] == [b"04", b"04"]


def test_password_signs_in(web, with_password):
    page = web.send("/sign_in", {"email": "ADA@example.org", "password": PASSWORD, "next": "/profile"})
    assert page.location.endswith("/profile")
    assert is_in(web)
    assert with_password.sign_in_count == 1


def test_password_made_elsewhere_by_bcrypt_is_taken(web, ada):
    ada.encrypted_password = "$2a$11$Bu6nOvxOZRaK4qVClvkG9OG6WZcLmSjCr6ptE67ZRbwTvVdGdj5KC"
    assert web.send("/sign_in", {"email": ada.email, "password": "not this one"}, status=422)
    import bcrypt

    ada.encrypted_password = bcrypt.hashpw(b"from elsewhere", bcrypt.gensalt(4, b"2a")).decode()
    assert web.send("/sign_in", {"email": ada.email, "password": "from elsewhere"}).status_int == 303


@pytest.mark.parametrize("stored", ["", None, "no hash", "$2a$"])
def test_account_without_usable_password_takes_none(web, ada, stored):
    ada.encrypted_password = stored
    for password in ("", "x" * 8, "x" * 500):
        page = web.send("/sign_in", {"email": ada.email, "password": password or "none"}, expect_errors=True)
        assert page.status_int == 422
    assert not is_in(web)


def test_wrong_passwords_lock_for_six_hours(web, with_password, clock, ask):
    for _ in range(20):
        web.send("/sign_in", {"email": "ada@example.org", "password": "wrong-password"}, status=422)
    assert with_password.locked_at is not None
    assert web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD}, status=422)
    clock.move(hours=5, minutes=59)
    assert web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD}, status=422)
    clock.move(minutes=2)
    assert web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD}).status_int == 303


def test_link_opens_a_locked_account(web, with_password, ask, clock, new_browser):
    for _ in range(20):
        web.send("/sign_in", {"email": "ada@example.org", "password": "wrong-password"}, status=422)
    assert enter(web, ask("ada@example.org").code).status_int == 303
    assert new_browser().send("/sign_in", {"email": "ada@example.org", "password": PASSWORD}).status_int == 303


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x", "evil", ""],
)
def test_nobody_is_led_off_the_site(web, with_password, ask, path):
    page = web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD, "next": path})
    assert page.location == "http://localhost/dashboard"
    assert "evil" not in web.sign_out().get("/sign_in", {"next": path}).text
    assert enter(web, ask("ada@example.org", next=path).code).location == "http://localhost/dashboard"


def test_person_comes_back_to_where_they_were(web, ada, ask):
    door = web.get("/profile/security")
    assert door.location.endswith("/sign_in?next=%2Fprofile%2Fsecurity")
    web.get(door.location)
    assert enter(web, ask("ada@example.org", next="/profile/security").code).location.endswith("/profile/security")


def test_session_is_new_at_sign_in(web, with_password, db):
    before = web.get("/sign_in") and web.cookies["llmio_session"]
    token = web.csrf_token
    web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD})
    assert web.cookies["llmio_session"] != before
    assert web.csrf_token != token
    first = db.query(UserSession).one().id
    web.send("/sign_in", {"email": "ada@example.org", "password": PASSWORD})
    ended = {row.id: row.ended_at is not None for row in db.query(UserSession)}
    assert ended.pop(first)
    assert list(ended.values()) == [False]


def test_sign_out_ends_the_session_not_only_the_cookie(web, ada, db):
    web.sign_in(ada)
    cookie = web.cookies["llmio_session"]
    assert web.send("/sign_out").location.endswith("/sign_in")
    web.set_cookie("llmio_session", cookie)
    assert not is_in(web)


@pytest.mark.parametrize("path", ["/sign_in", "/sign_up", "/sign_out", "/login_tokens/x", "/setup/x"])
def test_post_without_csrf_token_is_refused(web, path, ada, db):
    assert web.post(path, {"email": "ada@example.org", "name": "Ada"}, status=400)
    assert db.query(SignIn).count() == 0


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b@c", "x" * 300 + "@a.org",
                                   "a@example.org\nBcc: b@example.org", "<a@example.org>"])  # fmt: skip
def test_bad_address_comes_back_as_typed(web, email, db):
    page = web.send("/sign_up", {"name": "Ada Lovelace", "email": email}, status=422)
    form = form_of(page, "/sign_up")
    assert form["name"].value == "Ada Lovelace"
    assert page.html.select_one("#field-email")["aria-invalid"] == "true"
    assert db.query(SignIn).count() == 0


def test_name_is_needed_and_holds_no_advertising(web):
    for name in ("", "   ", "Buy at https://spam.example", "x" * 101):
        assert web.send("/sign_up", {"name": name, "email": "new@example.org"}, status=422)


def test_many_mails_to_one_address_are_refused_even_without_redis(web, app, monkeypatch, ada):
    monkeypatch.setattr(app, "redis", None)
    for _ in range(10):
        web.send("/sign_in", {"email": "ada@example.org"})
    assert web.send("/sign_in", {"email": "ada@example.org"}, status=429).headers["Retry-After"]
    assert web.send("/sign_in", {"email": "bob@example.org"}).status_int == 303


def test_person_without_name_is_asked_for_it(ask, web, db, ctx):
    from llmio.accounts import service

    user = service.find_or_invite(ctx(), "invited@example.org")
    page = enter(web, ask("invited@example.org", next="/profile").code)
    assert "/welcome" in page.location
    form = form_of(page.follow(), "/welcome")
    form["name"] = "Vera Welcome"
    assert form.submit().location.endswith("/profile")
    db.refresh(user)
    assert (user.name, user.username, user.avatar_initials) == ("Vera Welcome", "verawelcome", "VW")


def test_closed_account_opens_again_only_for_its_owner(ask, web, ada, make, clock):
    ada.deactivated_at, ada.deactivator_id = clock.now(), make.admin_of_site().id
    asked = ask("ada@example.org")
    assert asked.link is None
    assert "closed" in asked.mail.text
    ada.deactivator_id = ada.id
    asked = ask("ada@example.org")
    assert "open again" in asked.mail.text
    assert "opens it again" in web.get(asked.link).text
    assert web.send(asked.link).status_int == 303
    assert ada.deactivated_at is None
    assert is_in(web)


# -- how long it takes -------------------------------------------------------------------------------------------------


@pytest.fixture
def work(monkeypatch):
    """What bcrypt has been made to do, in units of its cheapest hash."""
    import bcrypt

    done: list[int] = []
    check = bcrypt.checkpw

    def checked(password, stored):
        answer = check(password, stored)  # raises where it does nothing
        done.append(2 ** int(stored.split(b"$")[2]))
        return answer

    monkeypatch.setattr(bcrypt, "checkpw", checked)
    return done


def test_a_wrong_password_is_the_same_work_whoever_has_the_address(
    web, with_password, db, work, app, monkeypatch, clock
):
    import bcrypt

    monkeypatch.setattr("llmio.accounts.passwords.COST_IN_TESTS", 6)
    hashes = {
        "ours": bcrypt.hashpw(b"x", bcrypt.gensalt(6, b"2a")).decode(),
        "older": bcrypt.hashpw(b"x", bcrypt.gensalt(4, b"2a")).decode(),
        "none": None,
        "empty": "",
        "broken": "$2a$",
        "no hash": "abc",
    }
    found = {}
    for name, stored in hashes.items():
        with_password.encrypted_password = stored
        work.clear()
        web.send("/sign_in", {"email": with_password.email, "password": "wrong-password"}, status=422)
        found[name] = sum(work)
    for name, change in (
        ("locked", {"locked_at": clock.now()}),
        ("closed", {"deactivated_at": clock.now()}),
        ("bot", {"bot": True}),
    ):
        for field, value in change.items():
            setattr(with_password, field, value)
        work.clear()
        web.send("/sign_in", {"email": with_password.email, "password": "wrong-password"}, status=422)
        found[name] = sum(work)
    work.clear()
    web.send("/sign_in", {"email": "nobody@example.org", "password": "wrong-password"}, status=422)
    found["nobody"] = sum(work)
    assert found == dict.fromkeys(found, 2**6)
