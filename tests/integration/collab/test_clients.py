"""Writing together as npm's clients meet it: the same tests for `llmio hocuspocus` and for npm's server with its hook."""

from __future__ import annotations

import pytest

from tests.node.hocuspocus import Refused


@pytest.fixture(scope="module", params=["llmio", "npm"])
def shared(request, world, nodes, tmp_path_factory):
    """One running server for the tests that do not end it."""
    from tests.integration.collab.conftest import Server

    server = Server(request.param, world.address, tmp_path_factory.mktemp(request.param))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def join(shared, clients, world):
    def made(who, name, person=None, **how):
        clients.open(who, url=how.pop("url", shared.url), name=name, token=world.tokens[person or who], **how)

    return made


def new_of(world, person, what):
    """A document of one person alone, that no other test uses."""
    return f"comment-new-{world.ids[person]}-{what}-body"


@pytest.mark.parametrize("version", [3, 4])
def test_two_write_one_text(join, clients, world, version):
    join("ada", world.text, version=version)
    join("ben", world.text, version=version)
    clients.synced("ada")
    clients.synced("ben")
    before = clients.read("ada")
    clients.type("ada", text="Hello", at=0)
    clients.reads("ben", text=f"Hello{before}")
    clients.type("ben", text="!", at=5)
    clients.reads("ada", text=f"Hello!{before}")
    clients.synced("ben")


def test_who_comes_later_finds_what_was_written(join, clients, world):
    name = new_of(world, "ada", "later")
    join("ada", name)
    clients.type("ada", text="Before")
    clients.synced("ada")
    join("ada again", name, "ada")
    clients.reads("ada again", text="Before")


def test_who_was_offline_loses_nothing_and_overwrites_nothing(join, clients, world):
    name = new_of(world, "ada", "offline")
    join("ada", name)
    join("phone", name, "ada")
    clients.type("ada", text="middle")
    clients.reads("phone", text="middle")
    clients.offline("ada")
    clients.type("ada", text=" end")
    clients.type("phone", text="begin ", at=0)
    clients.synced("phone")
    clients.online("ada")
    clients.reads("ada", text="begin middle end")
    clients.reads("phone", text="begin middle end")
    clients.synced("ada")


def test_each_sees_who_else_is_there_until_they_go(join, clients, world):
    name = new_of(world, "ada", "presence")
    join("ada", name)
    join("phone", name, "ada")
    clients.present("ada", user="Ada")
    clients.present("phone", user="Ada on her phone")
    clients.sees("ada", names=["Ada on her phone"])
    clients.sees("phone", names=["Ada"])
    join("third", name, "ada")
    clients.sees("third", names=["Ada", "Ada on her phone"])
    clients.leave("phone")
    clients.sees("ada", names=[])
    clients.offline("third")
    clients.sees("third", names=[])


def test_a_message_reaches_everyone_and_is_not_kept(join, clients, world):
    name = new_of(world, "ada", "stateless")
    join("ada", name)
    join("phone", name, "ada")
    clients.synced("phone")
    clients.synced("ada")
    clients.broadcast("ada", text="ping")
    clients.hears("phone", event="heard ping")
    clients.hears("ada", event="heard ping")
    assert clients.read("phone") == ""


@pytest.mark.parametrize("token", ["", "made-up", "0,", "{id},", "{id},wrong", "{id}", "99999999999999999999,x"])
def test_a_wrong_token_is_refused(shared, clients, world, token):
    clients.open("thief", url=shared.url, name=world.text, token=token.format(id=world.ids["ada"]))
    clients.hears("thief", event="refused permission-denied")
    clients.type("thief", text="stolen")
    assert "in read-write" not in clients.events("thief")
    assert clients.unsynced("thief") > 0


def test_other_peoples_documents_are_refused(join, clients, world):
    join("ada", world.text)
    clients.synced("ada")
    before = clients.read("ada")
    join("chi", world.text)
    clients.hears("chi", event="refused permission-denied")
    clients.type("chi", text="I was here")
    join("ben", new_of(world, "ada", "offline"))
    clients.hears("ben", event="refused permission-denied")
    clients.type("ada", text=" on", at=len(before))
    clients.synced("ada")
    assert clients.read("ada") == f"{before} on"
    assert clients.read("chi") == "I was here"
    assert clients.read("ben") == ""


@pytest.mark.parametrize("kind", ["llmio", "npm"])
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_the_server_ends_and_comes_back_and_nothing_typed_is_lost(new_server, clients, world, kind, end):
    server = new_server(kind)
    name = new_of(world, "ada", "killed")
    for who in ("ada", "phone"):
        clients.open(who, url=server.url, name=name, token=world.tokens["ada"])
    clients.type("ada", text="before ")
    clients.reads("phone", text="before ")
    getattr(server, end)()
    clients.type("ada", text="meanwhile ")
    clients.type("phone", text="0 ", at=0)
    server.start()
    clients.reads("ada", text="0 before meanwhile ")
    clients.reads("phone", text="0 before meanwhile ")
    clients.synced("ada")
    clients.synced("phone")


def test_the_clients_of_this_test_say_when_something_is_missing(join, clients, world):
    join("ada", new_of(world, "ada", "counterexample"))
    with pytest.raises(Refused, match="still not: something else"):
        clients.reads("ada", text="something else", seconds=0.2)
