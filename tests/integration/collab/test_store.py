"""Documents on disk and in memory: packing, forgetting, what came too early."""

from __future__ import annotations

import asyncio
from functools import wraps
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText, merge_updates

from llmio.core.errors import Unavailable
from llmio.live.collab import frames
from llmio.live.collab.awareness import Awareness
from llmio.live.collab.document import Document, TooLarge
from llmio.live.collab.frames import FrameError, Reader
from llmio.live.collab.guest import Seat
from llmio.live.collab.hub import Hub, Limits
from llmio.live.collab.store import Store


def scene(test):
    """Run a test in a loop."""

    @wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


def steps(*words):
    """Updates that each add a word."""
    doc, made = Doc(), []
    watching = doc.observe(lambda event: made.append(event.update))
    text = doc.get("t", type=Text)
    for word in words:
        text += word
    assert watching is not None
    return made


def text_of(updates):
    doc = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("t", type=Text))


@scene
async def test_packing_keeps_the_text_in_one_row(tmp_path):
    store = Store(tmp_path / "file")
    updates = steps(*(f"word {number} " for number in range(50)))
    document = Document("a", [], most=10**6)
    for update in updates:
        document.changes(update)
        await store.add("a", update)
    await Hub(store, None, Limits()).pack(document)
    rows = await store.load("a")
    assert len(rows) == 1
    assert text_of(rows) == text_of(updates)
    assert len(rows[0]) < sum(map(len, updates)) / 3
    await store.close()


@scene
async def test_what_came_before_its_time_outlives_packing(tmp_path):
    first, second, third = steps("one ", "two ", "three")
    document = Document("a", [], most=10**6)
    document.changes(first)
    assert document.changes(third) == b""
    packed = document.packed()
    assert text_of(packed) == "one "
    assert text_of([*packed, second]) == "one two three"
    again = Document("a", packed, most=10**6)
    assert again.changes(second) != b""
    assert text_of(again.packed()) == "one two three"


def test_what_is_sent_twice_is_kept_once():
    first, second = steps("one ", "two")
    document = Document("a", [], most=10**6)
    for update in (first, second, second, first, merge_updates(first, second)):
        document.changes(update)
    assert len(document.packed()) == 1


@scene
async def test_only_what_nobody_changed_for_long_is_swept(tmp_path):
    now = [1000.0]
    store = Store(tmp_path / "file", clock=lambda: now[0])
    await store.add("old", b"1")
    await store.add("open", b"1")
    await store.add("busy", b"1")
    now[0] += 100
    await store.add("busy", b"2")
    assert await store.sweep(50, besides=["open"]) == 1
    assert [await store.load(name) for name in ("old", "open", "busy")] == [[], [b"1"], [b"1", b"2"]]
    await store.close()


@scene
async def test_a_document_that_nobody_is_in_is_let_go_and_a_blank_one_forgotten(tmp_path):
    store = Store(tmp_path / "file")
    hub = Hub(store, None, Limits(idle=0))
    full, blank = Doc(), Doc()
    full.get("default", type=XmlFragment).children.append(XmlElement("paragraph", {}, [XmlText("kept")]))
    blank.get("default", type=XmlFragment).children.append(XmlElement("paragraph"))
    for name, doc in (("full", full), ("blank", blank)):
        document = await hub.open(name)
        document.changes(doc.get_update())
        await store.add(name, doc.get_update())
        hub.left(document)
    await hub.let_go()
    assert hub.documents == {}
    assert [len(await store.load(name)) for name in ("full", "blank")] == [1, 0]
    await store.close()


@scene
async def test_no_more_documents_are_opened_than_fit_into_memory(tmp_path):
    store = Store(tmp_path / "file")
    hub = Hub(store, None, Limits(loaded=10))
    (await hub.open("a")).changes(steps("more than ten bytes")[0])
    with pytest.raises(Unavailable):
        await hub.open("b")
    assert (await hub.open("a")).size > 10
    await store.close()


@scene
async def test_one_text_that_the_site_does_not_know_what_to_say_of_keeps_nobody_in_another(tmp_path):
    refused, asked = [], []

    class Site:
        async def lets(self, token, name):
            asked.append(name)
            if name.startswith("odd"):
                raise Unavailable("the site answers 500")
            return token == "good"

    hub = Hub(Store(tmp_path / "file"), Site(), Limits())

    def sit(name, token):
        guest = SimpleNamespace(refuse=lambda seat: refused.append(seat.token))
        document = hub.documents.setdefault(name, Document(name, [], most=1))
        document.seats[Seat(guest, document, name, token)] = None

    sit("odd", "good")
    sit("text", "good")
    sit("text", "revoked")
    await hub.ask_again()
    assert refused == ["revoked"]
    for number in range(20):
        sit(f"odd {number}", "good")
    asked.clear()
    await hub.ask_again()
    assert len(asked) < 10, "a site that is away is not asked on and on"
    await hub.store.close()


def test_the_limit_of_a_document_counts_what_is_kept():
    document = Document("a", [], most=60)
    first, second, third = steps("one", "two" * 5, "three" * 5)
    document.changes(first)
    document.changes(second)
    with pytest.raises(TooLarge):
        document.changes(third)
    assert text_of(document.packed()) == "one" + "two" * 5


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"no database" * 1000)
    with pytest.raises(Unavailable, match="is damaged"):
        Store(tmp_path / "file")


@scene
async def test_a_file_that_is_damaged_further_in_is_named_too(tmp_path):
    store = Store(tmp_path / "file")
    await store.add("text", b"word " * 10_000)
    await store.close()
    whole = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(whole[:8192] + b"\xab" * (len(whole) - 8192))
    with pytest.raises(Unavailable, match="is damaged"):
        Store(tmp_path / "file")


@given(st.integers(0, frames.LARGEST), st.text(max_size=50), st.binary(max_size=50))
def test_what_is_written_is_read(number, text, data):
    read = Reader(frames.number(number) + frames.text(text) + frames.data(data))
    assert (read.number(), read.text(), read.data()) == (number, text, data)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_garbage_is_a_fault_of_the_frame_and_nothing_else(garbage):
    for read in (lambda: Reader(garbage).key(), lambda: Reader(garbage).data(), lambda: Awareness().apply(garbage),
                 lambda: Document("a", [], most=10**6).changes(garbage), lambda: Document("a", [], most=1).since(garbage)):  # fmt: skip
        try:
            read()
        except FrameError:
            continue


def states(*rows):
    made = frames.number(len(rows))
    for client, clock, state in rows:
        made += frames.number(client) + frames.number(clock) + frames.text(state)
    return made


def test_the_latest_state_of_a_client_wins_and_going_ends_it():
    there = Awareness()
    assert there.apply(states((1, 1, '{"a":1}'), (2, 5, '{"b":1}'))) == ([1, 2], [1, 2])
    assert there.apply(states((1, 0, '{"old":1}'), (1, 1, '{"same":1}'))) == ([], [])
    assert there.apply(states((1, 2, '{"a":2}'))) == ([], [1])
    assert there.encode([1]) == states((1, 2, '{"a":2}'))
    assert there.remove([1, 7]) == states((1, 2, "null"))
    assert there.encode() == states((2, 5, '{"b":1}'))
    assert there.remove([1]) == b""


def test_a_number_that_nothing_follows_makes_no_room_for_it():
    for read in (lambda data: Document("a", [], most=10**6).changes(data), Document("a", [], most=1).since):
        with pytest.raises(FrameError, match="more clients"):
            read(frames.number(2**28))


def test_states_are_few_and_short():
    with pytest.raises(FrameError):
        Awareness().apply(states((1, 1, "x" * 20_000)))
    with pytest.raises(FrameError):
        Awareness().apply(states(*((client, 1, "{}") for client in range(1001))))
