"""The picture of a person: put up, seen beside the name wherever that stands, changed, taken away."""

from __future__ import annotations

import pytest
import pyvips
from sqlalchemy import func, select
from webtest import Upload

from llmio.discussions import service as discussions
from llmio.files import storages
from llmio.files.models import Attachment, Blob
from llmio.search import building

NOISE = pyvips.Image.gaussnoise(900, 600).cast("uchar").copy()
NOISE.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "Nosy camera")
PHOTO = NOISE.write_to_buffer(".jpg", Q=60)


@pytest.fixture
def ada(make):
    return make.user(name="Ada Lovelace", username="ada", email="ada@example.org")


@pytest.fixture
def ben(make):
    return make.user(name="Ben Okri", username="ben")


@pytest.fixture
def group(make, ada, ben):
    return make.group(name="Weavers", admin=ada, members=[ben])


@pytest.fixture
def pictured(web, ada, commit, run_jobs):
    """Ada, with a picture whose small form is made."""
    web.sign_in(ada)
    assert put(web, PHOTO).status_int == 303
    commit()
    run_jobs()
    return ada


def put(web, content=None, name="me.jpg", button=None):
    form = next(form for form in web.get("/profile/picture").forms.values() if "picture" in form.fields)
    if content is not None:
        form["picture"] = Upload(name, content)
    return form.submit(button, expect_errors=True)


def faces(page, person, within=""):
    """Addresses of the pictures of a person in a page."""
    return {one["src"] for one in page.html.select(f'{within} img.avatar[src^="/users/{person.id}/picture?"]')}


def test_a_picture_is_given_small_and_without_what_the_camera_noted(web, new_browser, pictured):
    (address,) = faces(web.get("/u/ada"), pictured)
    assert b"Nosy" in PHOTO
    answer = new_browser().get(address)
    small = pyvips.Image.new_from_buffer(answer.body, "")
    assert (answer.content_type, small.width, small.get_typeof("exif-data")) == ("image/jpeg", 256, 0)
    assert answer.headers["Cache-Control"] == "private, max-age=604800"
    again = web.get(address, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]


def test_it_stands_beside_the_name_wherever_that_is_shown(web, pictured, ben, group, make, app, ctx, commit, run_jobs):
    thread = discussions.start_discussion(ctx(pictured), group, title="Which loom?", notify="people", people=[ben.id])
    make.comment(thread, author=pictured, body="The old one.")
    poll = make.poll(discussion=thread, author=pictured)
    make.stance(poll, pictured, choices={next(iter(make.options_of(poll))): 1})
    commit()
    building.build(app, restart=True)
    run_jobs()
    assert faces(web.get("/dashboard"), pictured, within=".account")
    web.sign_in(ben)
    pages = (
        "/u/ada",
        f"/g/{group.key}/members",
        f"/d/{thread.key}",
        f"/p/{poll.key}/votes",
        "/notifications",
        "/search?q=loom",
        "/dashboard",
    )
    shown = [faces(web.get(page).maybe_follow(), pictured) for page in pages]
    assert all(shown), dict(zip(pages, shown, strict=True))
    (address,) = set.union(*shown)
    assert [one["picture"] for one in web.get(f"/mentions?q=ada&group_id={group.id}").json] == [address]
    users = web.get("/api/v1/search", {"query": "loom"}).json["users"]
    assert [(one["avatar_kind"], one["thumb_url"]) for one in users] == [("uploaded", address)]


def test_addresses_are_for_those_who_were_shown_them(web, new_browser, pictured, make):
    (address,) = faces(web.get("/u/ada"), pictured)
    other = make.user(avatar_kind="uploaded")
    version, _dash, signature = address.partition("v=")[2].partition("-")
    for wrong in (
        f"/users/{pictured.id}/picture",
        f"/users/{pictured.id}/picture?v={version}",
        f"/users/{pictured.id}/picture?v={version}-{signature[:-1]}%C3%A9",
        f"/users/{pictured.id}/picture?v={int(version) + 1}-{signature}",
        f"/users/{other.id}/picture?v={version}-{signature}",
        f"/users/999999999/picture?v={version}-{signature}",
    ):
        assert new_browser().get(wrong, expect_errors=True).status_int == 404


@pytest.mark.parametrize(
    "state", [{"deactivated": True}, {"avatar_kind": "gravatar"}, {"avatar_kind": "initials"}], ids=str
)
def test_others_have_initials(web, pictured, ben, group, make, clock, state, db):
    thread = make.discussion(group, author=pictured)
    make.comment(thread, author=pictured, body="Mine.")
    web.sign_in(ben)
    (address,) = faces(web.get(f"/d/{thread.key}").maybe_follow(), pictured)
    if state.pop("deactivated", False):
        pictured.deactivated_at = clock.now()
    for name, value in state.items():
        setattr(pictured, name, value)
    db.flush()
    page = web.get(f"/d/{thread.key}").maybe_follow()
    assert not faces(page, pictured)
    assert "AL" in {one.text for one in page.html.select("span.avatar")}
    assert web.get(address, expect_errors=True).status_int == 404
    blob = db.scalars(select(Blob).join(Attachment).where(Attachment.name == "uploaded_avatar")).one()
    sent = web.get(f"/files/{blob.id}/{blob.filename}", expect_errors=True)
    assert sent.status_int == (404 if pictured.deactivated_at else 200)


def test_secret_votes_show_nobody(web, pictured, ben, group, make):
    poll = make.poll(group=group, author=ben, anonymous=True)
    make.stance(poll, pictured, choices={next(iter(make.options_of(poll))): 1})
    web.sign_in(ben)
    assert not faces(web.get(f"/p/{poll.key}/votes").maybe_follow(), pictured)


def test_a_new_one_takes_the_place_of_the_old_and_initials_come_back(web, pictured, app, db, commit):
    (old,) = faces(web.get("/u/ada"), pictured)
    first = db.scalar(select(Blob).join(Attachment).where(Attachment.name == "uploaded_avatar"))
    storage, key = storages.named(app, first.service_name), first.key
    assert storage.exists(key)
    assert put(web, PHOTO, name="newer.jpg").status_int == 303
    commit()
    assert not storage.exists(key)
    attached = (
        select(Attachment.record_type, Attachment.record_id, Blob.filename)
        .join(Blob)
        .where(Attachment.name == "uploaded_avatar")
    )
    assert [tuple(row) for row in db.execute(attached)] == [("User", pictured.id, "newer.jpg")]
    (new,) = faces(web.get("/u/ada"), pictured)
    assert new != old
    assert web.get(old, expect_errors=True).status_int == 404
    assert put(web, PHOTO, button="remove").status_int == 303
    commit()
    assert (pictured.avatar_kind, pictured.picture, db.execute(attached).all()) == ("initials", None, [])
    assert db.scalar(select(func.count()).select_from(Blob)) == 0
    assert not faces(web.get("/u/ada"), pictured)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "choose a picture"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Possible are"), (b"%PDF-1.4", "Possible are"),
     (PHOTO + b"0" * (8 << 20), "at most 8 MB")],
    ids=["none", "svg", "pdf", "large"],
)  # fmt: skip
def test_what_cannot_be_one_is_refused_at_its_field(web, pictured, db, content, said):
    before = pictured.picture
    answer = put(web, content)
    assert answer.status_int == 422
    assert said in answer.html.select_one("#field-picture-error").text
    assert (
        pictured.picture,
        db.scalar(select(func.count()).select_from(Attachment).where(Attachment.name == "uploaded_avatar")),
    ) == (before, 1)


def test_until_it_is_small_it_is_given_to_its_owner_alone(web, new_browser, ada, commit, run_jobs):
    web.sign_in(ada)
    assert put(web, PHOTO[:3000]).status_int == 303
    (address,) = faces(web.get("/u/ada"), ada)
    own, others = web.get(address), new_browser().get(address)
    assert (own.content_type, own.headers["Cache-Control"]) == ("image/jpeg", "no-store")
    assert (others.status_int, others.body, others.headers["Cache-Control"]) == (202, b"", "no-store")
    commit()
    run_jobs()  # it is damaged
    assert [web.get(address, expect_errors=True).status_int for web in (web, new_browser())] == [404, 404]
    assert "cannot be shown" in web.get("/profile/picture")


def test_pictures_from_the_reference_are_shown(web, new_browser, pictured, make, db, commit, run_jobs):
    pictured.uploaded_avatar_updated_at = None
    lost = make.user(username="lost", avatar_kind="uploaded")
    db.flush()
    (address,) = faces(web.get("/u/ada"), pictured)
    assert "?v=0-" in address
    assert new_browser().get(address).content_type == "image/jpeg"
    (nowhere,) = faces(web.get("/u/lost"), lost)
    assert web.get(nowhere, status=404).headers["Cache-Control"] == "no-store"


def test_two_accounts_keep_one_picture_and_a_deleted_one_none(web, pictured, make, app, ctx, db, commit, run_jobs):
    other = make.user(username="other")
    with app.begin() as job:
        app.jobs["upkeep.merge_users"].run(job, pictured.id, other.id)
    commit()
    run_jobs()
    db.expire_all()
    assert (pictured.avatar_kind, pictured.picture, other.avatar_kind) == ("initials", None, "uploaded")
    web.sign_in(other)
    (address,) = faces(web.get("/u/other"), other)
    blob = db.scalar(
        select(Blob).join(Attachment).where(Attachment.record_type == "User", Attachment.record_id == other.id)
    )
    storage, key = storages.named(app, blob.service_name), blob.key
    with app.begin() as job:
        app.jobs["upkeep.redact_user"].run(job, other.id, None)
    commit()
    db.expire_all()
    assert web.get(address, expect_errors=True).status_int == 404
    assert db.scalar(select(func.count()).select_from(Blob)) == 0
    assert not storage.exists(key)


def test_a_thread_of_many_authors_asks_for_no_pictures(web, ben, group, make, queries):
    thread = make.discussion(group)
    web.sign_in(ben)

    def read(count, **how):
        for _number in range(count):
            make.comment(thread, author=make.user(**how), body="Yes.")
        with queries() as sent:
            page = web.get(f"/d/{thread.key}").maybe_follow()
        return sent, len(page.html.select("main img.avatar"))

    read(1)
    few, none = read(1)
    many, shown = read(20, avatar_kind="uploaded")
    assert (none, shown) == (0, 20)
    assert many.count == few.count, str(many)
