"""The collector rests while things are made, and afterwards is as it was."""

from __future__ import annotations

import gc

import pytest

from llmio.core import collector


@pytest.fixture
def on():
    before = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if before else gc.disable)()


def test_it_rests_meanwhile_and_then_goes_on(on):
    with collector.resting():
        with collector.resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error_too(on):
    with pytest.raises(ZeroDivisionError), collector.resting():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off(on):
    gc.disable()
    with collector.resting():
        pass
    assert not gc.isenabled()
