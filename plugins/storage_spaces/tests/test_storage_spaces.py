"""Storage in Spaces: the contract against a server with an address of its own, and what a space needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
from llmio_storage_spaces import Spaces, llmio_storages

from llmio.plugins import StorageBackend
from llmio.testing.contracts.storage import StorageContract, new_key
from llmio.testing.objectstores import rclone


@pytest.fixture(scope="module")
def storage_settings() -> Iterator[Mapping[str, Any]]:
    with rclone() as store:
        yield {"bucket": store.bucket, "endpoint": store.endpoint, "key": store.key, "secret": store.secret, "data": ""}


class TestSpaces(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Spaces()

    @pytest.fixture
    def storage_settings(self, storage_settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return storage_settings


AT_HOME = {"bucket": "space", "endpoint": "https://fra1.digitaloceanspaces.com", "key": "k", "secret": "s"}


def test_at_digitalocean_the_space_is_part_of_the_host(storage_settings: Mapping[str, Any]) -> None:
    assert (Spaces().addressing(AT_HOME), Spaces().region(AT_HOME)) == ("virtual", "fra1")
    assert (Spaces().addressing(storage_settings), Spaces().region(storage_settings)) == ("path", "us-east-1")
    assert Spaces().endpoint({"endpoint": "ams3.digitaloceanspaces.com"}) == "https://ams3.digitaloceanspaces.com"


@pytest.mark.parametrize(
    ("lacking", "variable"),
    [("bucket", "DO_BUCKET"), ("endpoint", "DO_ENDPOINT"), ("key", "DO_ACCESS_KEY_ID"),
     ("secret", "DO_SECRET_ACCESS_KEY")],
)  # fmt: skip
def test_the_variable_that_is_missing_is_named(lacking: str, variable: str) -> None:
    with pytest.raises(LookupError, match=f"{variable} is not set"):
        Spaces().probe({**AT_HOME, lacking: ""})


def test_it_is_used_only_where_it_is_named() -> None:
    assert not Spaces().wanted(AT_HOME)
    assert [one.key for one in llmio_storages()] == ["digitalocean"]


class Wrong(Spaces):
    """Looks for everything at Amazon's, and forgets what it deleted."""

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Any]:
        return iter(())

    def size(self, key: str, settings: Mapping[str, Any]) -> int:
        return 0


def test_the_contract_finds_a_wrong_sibling_out(storage_settings: Mapping[str, Any]) -> None:
    suite, wrong = StorageContract(), Wrong()
    wrong.save(new_key(), BytesIO(b"x"), storage_settings)
    suite.test_what_was_saved_is_read(wrong, storage_settings)
    with pytest.raises(KeyError):
        suite.test_what_lies_there_is_listed(wrong, storage_settings)
    with pytest.raises(AssertionError):
        suite.test_size(wrong, storage_settings)
