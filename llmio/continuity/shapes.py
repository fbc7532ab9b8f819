"""What stands within JSON: files and previews of links, scores by number, people by number. What is something else breaks every page.

The outer shape (list or object) is mended before these rules, and the indexes are back. Scores come from the votes, which say the same in
rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmio.continuity.rules import Rule
from llmio.migrations.facts import Catalogue

OBJECT = '@.type() == "object"'
TEXTS = ("content_type", "icon", "signed_id", "url", "download_url", "preview_url")
LISTS = {
    "attachments": (
        '@.filename.type() == "string"',
        *(f'(!exists(@.{name}) || @.{name} == null || @.{name}.type() == "string")' for name in TEXTS),
        *(f'(!exists(@.{name}) || @.{name} == null || @.{name}.type() == "number")' for name in ("id", "byte_size")),
    ),
    "link_previews": (),
}
"""Column of objects → what holds for each of them."""
SCORES = """'^\\{("[0-9]{1,10}": -?[0-9]{1,10}(, )?)*\\}$'"""
NUMBERS = "'^\\[(-?[0-9]{1,18}(, )?)*\\]$'"
IDS = "'^(null|\\[([0-9]{1,10}(, )?)*\\])$'"
PEOPLE = "'mentioned_user_ids', 'recipient_user_ids', 'user_ids', 'replied_user_ids', 'recipient_chatbot_ids', 'outcome_guest_ids'"
VOTES = "FROM public.stances s JOIN public.stance_choices c ON c.stance_id = s.id"
GIVEN = """(SELECT coalesce(jsonb_object_agg(c.poll_option_id, c.score), '{}') FROM public.stance_choices c
    WHERE c.stance_id = t.id AND c.poll_option_id IS NOT NULL)"""
VOTERS = f"""(SELECT coalesce(jsonb_object_agg(s.participant_id, c.score), '{{}}') {VOTES}
    JOIN public.polls p ON p.id = s.poll_id AND NOT p.anonymous
    WHERE c.poll_option_id = t.id AND s.latest AND s.revoked_at IS NULL AND s.participant_id IS NOT NULL)"""
TOTALS = """(SELECT coalesce(jsonb_agg(o.total_score ORDER BY o.priority, o.id), '[]') FROM public.poll_options o
    WHERE o.poll_id = t.id)"""


def parts(expected: Catalogue) -> Iterator[Rule]:
    """The rules, table by table."""
    for table, column in sorted(expected.columns):
        if column in LISTS:
            yield _list(table, column)
    vote = f"t.option_scores::text !~ {SCORES} OR (t.option_scores = '{{}}' AND t.id IN (SELECT c.stance_id FROM public.stance_choices c))"
    yield _anew("stances", "option_scores", vote, GIVEN)
    yield _anew("poll_options", "voter_scores", f"t.voter_scores::text !~ {SCORES}", VOTERS)
    yield _anew("polls", "stance_counts", f"t.stance_counts::text !~ {NUMBERS}", TOTALS)
    odd = f"FROM jsonb_each(t.custom_fields) e WHERE e.key IN ({PEOPLE}) AND e.value::text !~ {IDS}"
    yield Rule(
        "events",
        f"'custom_fields: no list of people in ' || (SELECT string_agg(e.key, ', ') {odd})",
        f"t.custom_fields <> '{{}}' AND EXISTS (SELECT {odd})",
        f"custom_fields = t.custom_fields - (SELECT array_agg(e.key) {odd})",
        "'left out'",
    )


def _anew(table: str, column: str, condition: str, value: str) -> Rule:
    """A rule that makes a column again from the votes."""
    told = f"'{column}: not what votes are ' || left(t.{column}::text, 60)"
    return Rule(table, told, condition, f"{column} = {value}", "'made anew from the votes'")


def _list(table: str, column: str) -> Rule:
    """A rule that leaves out entries which are none."""
    entry = " && ".join((OBJECT, *LISTS[column]))
    sound = f"jsonb_path_query_array(t.{column}, '$[*] ? ({entry})')"
    return Rule(
        table,
        f"'{column}: entries that are none: ' || (jsonb_array_length(t.{column}) - jsonb_array_length({sound}))",
        f"t.{column} <> '[]' AND t.{column} <> {sound}",
        f"{column} = {sound}",
        "'left out'",
    )
