"""What every search provider must do. Subclass `SearchProviderContract` and give the fixture `provider`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llmio.plugins import Document, Filters, SearchProvider, Visible

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = Visible(group_ids=[1, 2])


def document(number: int, body: str, *, title: str = "", kind: str = "Comment", **where: Any) -> Document:
    """A document of group 1, the later the higher its number."""
    where.setdefault("group_id", 1)
    return Document(kind, number, title, body, created_at=START + timedelta(days=number), **where)


class SearchProviderContract:
    """The suite; the fixture `connection` of `llmio.testing` rolls back what a test wrote."""

    @pytest.fixture
    def provider(self) -> SearchProvider:
        """The provider that is tested."""
        raise NotImplementedError("give a fixture `provider`")

    @pytest.fixture
    def index(self, provider: SearchProvider, connection: Any) -> Any:
        """`index(*documents)`: an index of these alone."""
        provider.reindex(connection)

        def fill(*documents: Document) -> None:
            provider.index(connection, documents)

        return fill

    @pytest.fixture
    def find(self, provider: SearchProvider, connection: Any) -> Any:
        """`find(query, …)`: ids of what answers to the query itself, in order."""

        def ask(query: str, filters: Filters | None = None, visible_to: Visible = ALL, **part: int) -> list[int]:
            page = provider.search(connection, query, filters or Filters(), visible_to, **part)
            return [] if page.corrected else [hit.record_id for hit in page.hits]

        return ask

    def test_words_are_found_in_title_and_body(self, index: Any, find: Any) -> None:
        """Whatever their case."""
        index(
            document(1, "We need a new Loom."), document(2, "About bread.", title="Loom"), document(3, "Bread alone.")
        )
        assert sorted(find("loom")) == [1, 2]
        assert sorted(find("BREAD")) == [2, 3]
        assert find("cheese") == []

    def test_the_beginning_of_a_word_is_enough(self, index: Any, find: Any) -> None:
        """But not its middle."""
        index(document(1, "Cooperative weaving"))
        assert find("coop weav") == [1]
        assert find("operative") == []

    def test_every_word_is_needed(self, index: Any, find: Any) -> None:
        """More words find less."""
        index(document(1, "bread and butter"), document(2, "bread alone"))
        assert find("bread butter") == [1]

    def test_a_word_can_be_excluded(self, index: Any, find: Any) -> None:
        """`!word`."""
        index(document(1, "bread and butter"), document(2, "bread alone"))
        assert find("bread !butter") == [2]

    @pytest.mark.parametrize("query", ["", "   ", "!", "'", "\\", "& | ! ( ) : * <->", "%_", "\x00", '"', "()" * 500])
    def test_signs_alone_find_nothing_and_break_nothing(self, index: Any, find: Any, query: str) -> None:
        """People type what they like."""
        index(document(1, "bread"))
        assert find(query) == []

    def test_other_scripts_are_found(self, index: Any, find: Any) -> None:
        """Not everybody writes Latin letters."""
        index(document(1, "Мы голосуем завтра"), document(2, "Über die Brücke"))
        assert find("голосуем") == [1]
        assert find("brücke") == [2]

    def test_a_word_can_be_excluded_in_either_way(self, index: Any, find: Any) -> None:
        """`-word` as well; where nothing else is asked for, nothing is found."""
        index(document(1, "bread and butter"), document(2, "bread alone"))
        assert find("bread -butter") == [2]
        assert find("!butter") == []
        assert sorted(find("bread - butter")) == [1]

    def test_a_quoted_phrase_is_found_as_it_stands(self, index: Any, find: Any) -> None:
        """The words beside each other, in this order; it can be excluded, too."""
        index(document(1, "fresh brown bread"), document(2, "bread, brown and fresh"), document(3, "fresh bread"))
        assert find('"fresh brown"') == [1]
        assert find('"brown bread"') == [1]
        assert sorted(find("fresh bread")) == [1, 2, 3]
        assert sorted(find('fresh !"brown bread"')) == [2, 3]

    def test_a_correction_says_so_and_shows_nothing_else(
        self, provider: SearchProvider, connection: Any, index: Any
    ) -> None:
        """A provider may answer to what was perhaps meant: it names that, and never a word from what is not visible."""
        index(document(1, "The new bakery"), document(2, "The old brewery", group_id=9))
        page = provider.search(connection, "bakrey", Filters(), ALL)
        assert [hit.record_id for hit in page.hits] == ([1] if page.corrected else [])
        nothing = provider.search(connection, "berwery", Filters(), Visible(group_ids=[2]))
        assert (list(nothing.hits), nothing.corrected) == ([], "")

    def test_what_is_not_visible_is_not_found(self, index: Any, find: Any) -> None:
        """By group, thread or poll; where nothing is visible nothing is found."""
        index(
            document(1, "secret bread"),
            document(2, "secret bread", group_id=9),
            document(3, "secret bread", group_id=9, discussion_id=5),
            document(4, "secret bread", group_id=None, poll_id=7, kind="Poll"),
        )
        assert find("bread", visible_to=Visible()) == []
        assert find("bread", visible_to=Visible(group_ids=[1])) == [1]
        assert find("bread", visible_to=Visible(discussion_ids=[5])) == [3]
        assert find("bread", visible_to=Visible(poll_ids=[7])) == [4]

    def test_threads_can_be_visible_without_polls(self, index: Any, find: Any) -> None:
        """As in subgroups whose threads are shown to the parent's members."""
        index(
            document(1, "secret bread", group_id=9, discussion_id=5),
            document(2, "secret bread", group_id=9, discussion_id=5, kind="Discussion"),
            document(3, "secret bread", group_id=9, discussion_id=5, poll_id=7, kind="Poll"),
            document(4, "secret bread", group_id=9, poll_id=7, kind="Stance"),
            document(5, "secret bread", group_id=9, poll_id=7, kind="Outcome"),
        )
        assert sorted(find("bread", visible_to=Visible(thread_group_ids=[9]))) == [1, 2]

    def test_votes_of_a_hidden_poll_are_not_found(self, index: Any, find: Any) -> None:
        """The poll and its outcome are, and the votes of others."""
        index(
            document(1, "bread", poll_id=7, kind="Poll"),
            document(2, "bread", poll_id=7, kind="Stance"),
            document(3, "bread", poll_id=7, kind="Outcome"),
            document(4, "bread", poll_id=8, kind="Stance"),
        )
        shown = Visible(group_ids=[1], poll_ids=[7, 8], discussion_ids=[3], hidden_poll_ids=[7])
        assert sorted(find("bread", visible_to=shown)) == [1, 3, 4]

    def test_filters_by_time_and_place(self, index: Any, find: Any) -> None:
        """From a moment on, and before another; what belongs to no group."""
        index(
            document(1, "bread"), document(2, "bread"), document(3, "bread"), document(4, "bread", group_id=None,
                                                                                     discussion_id=5)
        )  # fmt: skip
        shown = Visible(group_ids=[1], discussion_ids=[5])
        after, before = START + timedelta(days=2), START + timedelta(days=3)
        assert sorted(find("bread", Filters(since=after), shown)) == [2, 3, 4]
        assert sorted(find("bread", Filters(until=before), shown)) == [1, 2]
        assert find("bread", Filters(since=after, until=before), shown) == [2]
        assert find("bread", Filters(direct=True), shown) == [4]

    def test_filters_restrict(self, index: Any, find: Any) -> None:
        """By type, group and author, together."""
        index(
            document(1, "bread", author_id=11),
            document(2, "bread", author_id=12, kind="Poll"),
            document(3, "bread", author_id=11, group_id=2),
        )
        assert find("bread", Filters(types=["Poll"])) == [2]
        assert find("bread", Filters(group_ids=[2])) == [3]
        assert sorted(find("bread", Filters(author_id=11))) == [1, 3]
        assert find("bread", Filters(author_id=11, group_ids=[2], types=["Poll"])) == []

    def test_each_of_several_places_counts(self, index: Any, find: Any) -> None:
        """Of the types and groups asked for, of the threads and polls that may be seen, of the votes kept secret."""
        index(
            document(1, "bread", group_id=1),
            document(2, "bread", group_id=2, kind="Poll"),
            document(3, "bread", group_id=9, discussion_id=5),
            document(4, "bread", group_id=9, discussion_id=6),
            document(5, "bread", group_id=9, poll_id=7, kind="Poll"),
            document(6, "bread", group_id=9, poll_id=8, kind="Stance"),
        )
        shown = Visible(group_ids=[1, 2], discussion_ids=[5, 6], poll_ids=[7, 8])
        assert sorted(find("bread", visible_to=shown)) == [1, 2, 3, 4, 5, 6]
        assert sorted(find("bread", Filters(group_ids=[1, 2]), shown)) == [1, 2]
        assert sorted(find("bread", Filters(types=["Comment", "Poll"]), shown)) == [1, 2, 3, 4, 5]
        assert sorted(find("bread", visible_to=replace(shown, hidden_poll_ids=[7, 8]))) == [1, 2, 3, 4, 5]

    def test_tags_restrict(self, index: Any, find: Any) -> None:
        """What has the tag, and not what has it in its text; a provider may ask the records of today, of which there are none."""
        index(document(1, "bread", tags=("garden", "money")), document(2, "bread garden"), document(3, "bread"))
        assert find("bread", Filters(tag="garden")) in ([1], [])

    def test_what_has_no_date_is_found(self, index: Any, find: Any) -> None:
        """Records of old sites may lack one."""
        index(Document("Comment", 1, "", "bread", group_id=1))
        assert find("bread") == [1]
        assert find("bread", Filters(order="newest")) == [1]

    def test_a_filter_never_shows_more(self, index: Any, find: Any) -> None:
        """Asking for a group one may not see finds nothing of it."""
        index(document(1, "bread", group_id=9))
        assert find("bread", Filters(group_ids=[9])) == []

    @pytest.mark.parametrize(("order", "expected"), [("newest", [3, 2, 1]), ("oldest", [1, 2, 3])])
    def test_order_is_that_asked_for(self, index: Any, find: Any, order: str, expected: Sequence[int]) -> None:
        """By time."""
        index(document(2, "bread"), document(1, "bread bread"), document(3, "bread"))
        assert find("bread", Filters(order=order)) == expected

    def test_pages_follow_each_other(self, provider: SearchProvider, connection: Any, index: Any) -> None:
        """None is shown twice, none is left out, and the last says that it is the last."""
        index(*(document(number, "bread") for number in range(1, 8)))
        pages = [
            provider.search(connection, "bread", Filters(order="oldest"), ALL, offset=offset, limit=3)
            for offset in (0, 3, 6)
        ]
        assert [[hit.record_id for hit in page.hits] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]
        assert [page.more for page in pages] == [True, True, False]

    def test_found_words_are_marked_and_all_else_is_escaped(
        self, provider: SearchProvider, connection: Any, index: Any
    ) -> None:
        """The page shows the highlight as it is: it must be safe."""
        index(document(1, 'fresh bread & <mark>butter</mark> <script>alert("x")</script>'))
        (hit,) = provider.search(connection, "bread", Filters(), ALL).hits
        assert "<mark>bread</mark>" in hit.highlight
        assert "&" not in hit.highlight.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").replace(
            "&quot;", ""
        )
        assert "<script" not in hit.highlight
        assert "<mark>butter" not in hit.highlight

    def test_a_title_is_escaped_too(self, provider: SearchProvider, connection: Any, index: Any) -> None:
        """The page shows it as it is."""
        index(document(1, "", title='bread <script>alert("x")</script> & <mark>butter</mark>'))
        (hit,) = provider.search(connection, "bread", Filters(), ALL).hits
        assert "<" not in hit.title.replace("<mark>bread</mark>", "bread")

    def test_a_document_is_replaced(self, index: Any, find: Any) -> None:
        """By type and id: found by its new words alone, once."""
        index(document(1, "bread"), document(1, "bread", kind="Poll"))
        index(document(1, "cheese"))
        assert find("cheese") == [1]
        assert find("bread", Filters(types=["Comment"])) == []
        assert find("bread", Filters(types=["Poll"])) == [1]

    def test_a_removed_document_is_forgotten(
        self, provider: SearchProvider, connection: Any, index: Any, find: Any
    ) -> None:
        """Those of another type with the same id stay."""
        index(document(1, "bread"), document(2, "bread"), document(1, "bread", kind="Poll"))
        provider.remove(connection, "Comment", [1, 99])
        assert find("bread", Filters(types=["Comment"])) == [2]
        assert find("bread", Filters(types=["Poll"])) == [1]

    def test_ids_held_are_told_in_order(self, provider: SearchProvider, connection: Any, index: Any) -> None:
        """By which the core finds what no longer has a record; a provider that cannot tell says nothing."""
        index(document(3, "bread"), document(1, "bread"), document(2, "bread"), document(9, "bread", kind="Poll"))
        told = list(provider.ids(connection, "Comment", 0, 2))
        assert told in ([1, 2], [])
        assert list(provider.ids(connection, "Comment", 2, 5)) in ([3], [])
        assert provider.count(connection) in (4, None)

    def test_putting_in_order_loses_nothing(
        self, provider: SearchProvider, connection: Any, index: Any, find: Any
    ) -> None:
        """After everything was given."""
        index(document(1, "bread"), document(2, "bread"))
        provider.finish(connection)
        assert sorted(find("bread")) == [1, 2]

    def test_an_index_made_anew_begins_empty(
        self, provider: SearchProvider, connection: Any, index: Any, find: Any
    ) -> None:
        """What is no longer there is not found."""
        index(document(1, "bread"))
        provider.reindex(connection)
        assert find("bread") == []
