"""Search in PostgreSQL: the contract, and wrong siblings that the contract finds out."""

from __future__ import annotations

import time
from dataclasses import replace
from html import unescape

import pytest
from llmio_search_postgres import Postgres, correcting, lexicon, reading, rows
from llmio_search_postgres.queries import parts_of, tsquery
from sqlalchemy import text

from llmio.plugins import Filters, SearchProvider, Visible, parse_query
from llmio.testing.contracts.search import ALL, SearchProviderContract, document


class TestPostgres(SearchProviderContract):
    @pytest.fixture
    def provider(self) -> SearchProvider:
        return Postgres()


class Older(Postgres):
    """An index from before all its words were kept."""

    def reindex(self, connection):
        super().reindex(connection)
        connection.execute(text("DELETE FROM plugin_search_postgres.lexemes"))


class TestPostgresWithAnIndexFromBefore(SearchProviderContract):
    @pytest.fixture
    def provider(self) -> SearchProvider:
        return Older()


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("bread", "('bread':*)"),
        ("bread butter", "('bread':*) & ('butter':*)"),
        ("bread !butter", "('bread':*) & !('butter':*)"),
        ("half-baked", "('half-baked':* | ('half':* & 'baked':*))"),
        ("it's", "('it''s':* | ('it':* & 's':*))"),
        ('"fresh bread" -rye', "('fresh bread') & !('rye':*)"),
        ("!bread", ""),
        ("& | !", ""),
    ],
)
def test_what_was_typed_becomes_a_query(typed, asked):
    assert tsquery(parse_query(typed)) == asked


class Leaky(Postgres):
    """Shows everybody everything."""

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        everything = Visible(group_ids=[*range(100)], discussion_ids=[*range(100)], poll_ids=[*range(100)])
        return super().search(connection, query, filters, everything, offset=offset, limit=limit)


class Trusting(Postgres):
    """Shows texts as they were written."""

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        page = super().search(connection, query, filters, visible_to, offset=offset, limit=limit)
        return replace(page, hits=[replace(hit, highlight=unescape(hit.highlight)) for hit in page.hits])


class Hoarding(Postgres):
    """Forgets nothing."""

    def remove(self, connection, record_type, ids):
        pass


def tools(provider, connection):
    """`index` and `find` of the suite."""
    provider.reindex(connection)

    def find(query, filters=None, visible_to=ALL):
        page = provider.search(connection, query, filters or Filters(), visible_to)
        return [] if page.corrected else [hit.record_id for hit in page.hits]

    return lambda *documents: provider.index(connection, documents), find


def test_the_contract_finds_wrong_siblings_out(connection):
    suite = SearchProviderContract()
    suite.test_every_word_is_needed(*tools(Postgres(), connection))
    with pytest.raises(AssertionError):
        suite.test_what_is_not_visible_is_not_found(*tools(Leaky(), connection))
    with pytest.raises(AssertionError):
        suite.test_a_filter_never_shows_more(*tools(Leaky(), connection))
    with pytest.raises(AssertionError):
        suite.test_found_words_are_marked_and_all_else_is_escaped(
            Trusting(), connection, tools(Trusting(), connection)[0]
        )
    with pytest.raises(AssertionError):
        suite.test_a_removed_document_is_forgotten(Hoarding(), connection, *tools(Hoarding(), connection))


class TestWithoutOwnTables(SearchProviderContract):
    """Where they could not be made, search goes on as the reference has it."""

    @pytest.fixture
    def provider(self, connection) -> SearchProvider:
        connection.execute(text("DROP SCHEMA plugin_search_postgres CASCADE"))
        rows._known.clear()
        yield Postgres()
        rows._known.clear()


@pytest.fixture
def ask(connection):
    """`ask(query, *documents)`: ids found among these, and what was looked for instead."""

    def search(query, *documents, **how):
        Postgres().reindex(connection)
        Postgres().index(connection, documents)
        page = Postgres().search(connection, query, Filters(**how), ALL)
        return [hit.record_id for hit in page.hits], page.corrected

    return search


def test_other_forms_of_a_word_follow_the_exact_ones(ask):
    said = (
        document(1, "We are voting soon"),
        document(2, "They vote today"),
        document(3, "He voted"),
        document(4, "Veto"),
    )
    assert ask("voting", *said) == ([1, 3, 2], "")
    assert ask('"voting soon"', *said) == ([1], "")
    assert ask("votes !today", *said) == ([3, 1], "")


def test_stems_are_those_of_the_texts_language(ask):
    said = (document(1, "die Häuser am See", language="de"), document(2, "les maisons", language="fr_CA"))
    assert ask("Haus", *said) == ([1], "")
    assert ask("Häusern", *said) == ([1], "")
    assert ask("maison", *said) == ([2], "")


DRINKS = (
    document(1, "Le café noir"),
    document(2, "A cafe nearby, and resumes"),
    document(3, "Cafe\u0301s by Frau Müller"),
    document(4, "Tea on the Straße, été"),
    document(5, "Ein Résumé für Muller"),
    document(6, "Мой мир"),
    document(7, "ÄPFEL UND BÄUME"),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("cafe", [1, 2, 3]),
        ("café", [1, 2, 3]),
        ("CAFÉ", [1, 2, 3]),
        ("cafe\u0301", [1, 2, 3]),
        ("caf", [1, 2, 3]),
        ("muller", [3, 5]),
        ("Müller", [3, 5]),
        ("strasse", [4]),
        ("stra", [4]),
        ("ete", [4]),
        ("resume", [2, 5]),
        ("résumé muller", [5]),
        ('"cafe noir"', [1]),
        ('"le café noir"', [1]),
        ('"caf noir"', []),
        ("cafe-noir", [1]),
        ("cafe !muller", [1, 2]),
        ("noir !cafe", []),
        ("мои", []),
        ("МОЙ", [6]),
        ("apfel", [7]),
        ("Äpfel", [7]),
        ("ÄPFEL", [7]),
        ("cofe", []),
    ],
)
def test_accents_make_no_other_word(ask, typed, found):
    ids, corrected = ask(typed, *DRINKS)
    assert ([] if corrected else sorted(ids)) == found


def test_what_answers_but_for_accents_is_marked_as_it_is_written(connection):
    Postgres().reindex(connection)
    Postgres().index(connection, DRINKS)
    (hit,) = Postgres().search(connection, '"cafe noir"', Filters(), ALL).hits
    assert "<mark>café</mark> <mark>noir</mark>" in hit.highlight
    (hit,) = Postgres().search(connection, "resume fur", Filters(), ALL).hits
    assert "Ein <mark>Résumé</mark> <mark>für</mark> Muller" in hit.highlight


def test_rows_of_the_reference_know_nothing_of_folding(connection):
    Postgres().reindex(connection)
    Postgres().index(connection, DRINKS)
    same = "SELECT count(*) FROM pg_search_documents WHERE ts_content = to_tsvector('simple', content)"
    assert connection.scalar(text(same)) == len(DRINKS)


def test_words_without_their_accents_are_looked_up_in_the_index(connection):
    Postgres().reindex(connection)
    words = "INSERT INTO plugin_search_postgres.accents (word) SELECT 'é' || md5(n::text) FROM generate_series(1, 5000) AS n"
    connection.execute(text(words))
    connection.execute(text("ANALYZE plugin_search_postgres.accents"))
    plan = "\n".join(
        connection.scalars(
            text(f"EXPLAIN {lexicon.KNOWN}"),
            {"written": ["ec4ca", "bread"], "words": ["ec4ca", "bread"], "wholes": [False, True]},
        )
    )
    assert "accents_folded" in plan
    assert "Seq Scan on accents" not in plan


def test_documents_are_found_by_the_index_with_all_spellings(connection):
    Postgres().reindex(connection)
    Postgres().index(connection, [document(n, f"bread {n}") for n in range(10, 1500)])
    Postgres().index(connection, DRINKS)
    Postgres().finish(connection)
    query = tsquery(parse_query("cafe"), lexicon.look_up(connection, parse_query("cafe"), beside=True).spellings)
    assert query == "('cafe':* | 'café':*)"
    plan = f"EXPLAIN SELECT FROM {reading.DOCUMENTS} WHERE {reading.EXACT}".format(asked="to_tsquery('simple', :query)")
    assert "pg_search_documents_searchable_index" in "\n".join(connection.scalars(text(plan), {"query": query}))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("assmebly", "assembly"),
        ("asembly budget", "assembly budget"),
        ("assemblyy", "assembly"),
        ("budgte assmbly", "budget assembly"),
        ("bugdet !loom", "budget !loom"),
    ],
)
def test_a_mistyped_word_is_corrected(ask, typed, meant):
    assert ask(typed, document(1, "The assembly decides on the budget"), document(2, "A loom")) == ([1], meant)


@pytest.mark.parametrize("typed", ["xyzzy", "loo", "assmblx!", '"asembly"', "!asembly", "assembly xyzzyx"])
def test_what_nobody_could_have_meant_is_not_corrected(ask, typed):
    assert ask(typed, document(1, "The assembly decides"), document(2, "Bread")) == ([], "")


def test_a_correction_never_speaks_of_what_is_hidden(ask, connection):
    hidden = document(1, "Layoffs are planned", group_id=9)
    assert ask("layofs", hidden, document(2, "Bread")) == ([], "")


def test_whether_a_word_is_known_is_no_sign_of_what_is_hidden(ask):
    """Else a word typed again and again with a letter changed would tell whether it stands where one may not look."""
    mine = document(1, "The layofts of a plan")
    for others in ((), (document(2, "Layoffs are planned", group_id=9),)):
        assert ask("layoffs", mine, *others) == ([1], "layofts")


def test_words_that_are_known_are_not_corrected(ask):
    said = (document(1, "A room to rent"), document(2, "The loom"))
    assert ask("loom rent", *said) == ([], "")


def test_numbers_addresses_and_versions_are_found(ask):
    said = document(1, "Version 3.0.18 of https://example.org/loom, mail ada@example.org, half-baked it's")
    for query in ("3.0.18", "ada@example.org", "half-baked", "it's", "example.org"):
        assert ask(query, said) == ([1], "")


@pytest.mark.parametrize("typed", ["loom", "today", "mots", "dash", "up", "صوت", "明天", "ete", "собрания"])
def test_signs_of_any_script_end_a_word(ask, connection, typed):
    """They do not where the database takes all that is not ASCII for letters (ctype C)."""
    said = "He said “loom” – today… «mots» half—dash thumbs👍up ÉTÉ صوت، 会议。明天"
    assert ask(typed, document(1, said), document(2, "СОБРАНИЕ", language="ru"))[0] == [2 if typed == "собрания" else 1]


RUNS = (
    document(1, "我们明天开会讨论预算问题，请准备。", language="zh"),
    document(2, "来週の会議で予算を決めましょう"),
    document(3, "ประชุมสัปดาห์หน้าเพื่อกำหนดงบประมาณ"),
    document(4, "新しいiPhone手机 and a budget"),
    document(5, "预 and 算 apart"),
)


@pytest.mark.parametrize(
    ("typed", "found", "marked"),
    [
        ("预算", [1], "我们明天开会讨论<mark>预算</mark>问题，请准备。"),
        ("预算 明天", [1], "我们<mark>明天</mark>开会讨论<mark>预算</mark>问题，请准备。"),
        ("明天 -预算", [], ""),
        ("明天 -会議", [1], "我们<mark>明天</mark>开会讨论预算问题，请准备。"),
        ('"开会讨论"', [1], "我们明天<mark>开会讨论</mark>预算问题，请准备。"),
        ("会議", [2], "来週の<mark>会議</mark>で予算を決めましょう"),
        ("งบประมาณ", [3], "ประชุมสัปดาห์หน้าเพื่อกำหนด<mark>งบประมาณ</mark>"),
        ("手机 budg", [4], "新しいiPhone<mark>手机</mark> and a <mark>budget</mark>"),
        ("议开", [], ""),
    ],
)
@pytest.mark.parametrize("order", ["relevance", "newest"])
def test_scripts_without_blanks_are_found_by_any_part(connection, typed, found, marked, order):
    Postgres().reindex(connection)
    Postgres().index(connection, RUNS)
    hits = Postgres().search(connection, typed, Filters(order=order), ALL).hits
    assert [hit.record_id for hit in hits] == found
    assert [hit.highlight for hit in hits] == [marked] * len(found)


@pytest.mark.parametrize("typed", ["output", "lovelace", "example.org", "example-site.co.uk", "path", "@example-site"])
def test_words_within_addresses_and_paths_are_found(ask, typed):
    said = "The input/output of ada.lovelace@example-site.co.uk at https://www.example.org/path/to?x=1"
    assert ask(typed, document(1, said), document(2, "Other words")) == ([1], "")


def test_what_is_written_anew_between_two_statements_of_a_search_is_still_found(connection, monkeypatch):
    """Each statement sees what is there by then: a row may have another id, or be gone."""
    provider = Postgres()
    provider.reindex(connection)
    said = [document(number, f"A loom {number}") for number in (1, 2, 3)]
    provider.index(connection, said)
    quote = reading.Search._hits

    def later(search, rows):
        provider.index(connection, [said[0]])
        provider.remove(connection, said[1].record_type, [2])
        return quote(search, rows)

    monkeypatch.setattr(reading.Search, "_hits", later)
    hits = provider.search(connection, "loom", Filters(order="oldest"), ALL).hits
    assert [(hit.record_id, hit.highlight) for hit in hits] == [
        (1, "A <mark>loom</mark> 1"),
        (3, "A <mark>loom</mark> 3"),
    ]


def test_very_many_matches_show_the_newest_and_few_show_all(connection, monkeypatch):
    """Whichever way is quicker, the same is found."""
    provider = Postgres()
    provider.reindex(connection)
    provider.index(connection, [document(number, "bread " * (number % 3 + 1)) for number in range(1, 151)])
    provider.finish(connection)
    monkeypatch.setattr(reading, "LOOK", 0.0)
    first = provider.search(connection, "bread", Filters(), ALL)
    assert len(first.hits) == 20
    assert first.more
    assert min(hit.record_id for hit in first.hits) > 50
    newest = provider.search(connection, "bread", Filters(order="newest"), ALL, offset=140)
    assert [hit.record_id for hit in newest.hits] == list(range(10, 0, -1))
    monkeypatch.setattr(reading, "LOOK", 1e9)
    assert min(hit.record_id for hit in provider.search(connection, "bread", Filters(), ALL, limit=60).hits) <= 50


def test_a_word_that_is_everywhere_is_checked_and_not_looked_up(connection):
    provider = Postgres()
    provider.reindex(connection)
    provider.index(
        connection, [document(number, f"bread word{number} {'loom' if number < 4 else ''}") for number in range(1, 301)]
    )
    provider.finish(connection)
    assert sorted(hit.record_id for hit in provider.search(connection, "bread loom", Filters(), ALL).hits) == [1, 2, 3]
    assert [hit.record_id for hit in provider.search(connection, "bread word7 loom", Filters(), ALL).hits] == []


@pytest.mark.parametrize(
    ("one", "other", "cost"), [("loom", "loom", 0), ("loom", "loms", 2), ("loom", "lomo", 1), ("", "ab", 2)]
)
def test_distance(one, other, cost):
    assert correcting.distance(one, other) == cost


def test_a_text_of_one_endless_word_is_taken_apart_at_once():
    began = time.process_time()
    assert parts_of("x" * 100_000) == []
    assert parts_of("y" * 100_000 + "/output!" + "!" * 100_000) == ["y" * 100_000, "output"]
    assert time.process_time() - began < 2
