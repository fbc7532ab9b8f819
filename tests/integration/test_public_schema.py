"""Schema public is exactly what the facts of the reference say, and a difference is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from llmio.migrations import catalogue, facts


def differences(connection):
    return catalogue.differences(facts.reference(), catalogue.live(connection))


def test_facts_are_complete():
    reference = facts.reference()
    ours = set(facts.BOOKKEEPING)
    assert len(reference.tables - ours) == 56
    assert len([key for key in reference.columns if key[0] not in ours]) == 812
    assert len(reference.indexes) == 143
    assert len(reference.constraints) == 2


def test_public_schema_equals_facts(connection):
    assert differences(connection) == []


def test_bookkeeping_says_which_version(connection):
    assert connection.scalar(text("SELECT version FROM schema_migrations")) == "20251203031449"
    assert connection.scalar(text("SELECT value FROM ar_internal_metadata WHERE key = 'environment'")) == "production"


def test_secret_token_is_made_by_the_database(connection):
    tokens = connection.scalars(text("INSERT INTO users DEFAULT VALUES RETURNING secret_token"))
    assert len(tokens.one()) == 36


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("ALTER TABLE polls ALTER title DROP NOT NULL",
         "column polls.title is character varying, should be character varying NOT NULL"),
        ("ALTER TABLE polls ALTER quorum_pct TYPE bigint", "column polls.quorum_pct is bigint, should be integer"),
        ("ALTER TABLE users ALTER name TYPE varchar(254)",
         "column users.name is character varying(254), should be character varying(255)"),
        ("ALTER TABLE chatbots ALTER event_kinds TYPE varchar USING ''", "should be character varying[]"),
        ("ALTER TABLE stance_receipts ALTER invited_at TYPE timestamp(3)", "should be timestamp(6) without time zone"),
        ("ALTER TABLE groups ALTER is_visible_to_public SET DEFAULT false",
         ("column groups.is_visible_to_public is boolean DEFAULT false NOT NULL, "
         "should be boolean DEFAULT true NOT NULL")),
        ("ALTER TABLE comments ALTER id DROP DEFAULT", "column comments.id is integer NOT NULL"),
        (("ALTER TABLE comments ALTER id SET DEFAULT nextval('events_id_seq'); ALTER SEQUENCE comments_id_seq "
         "OWNED BY NONE"), "a sequence that is not the column's own"),
        ("ALTER TABLE polls ADD extra integer", "column polls.extra is not in the reference: integer"),
        ("ALTER TABLE polls DROP quorum_pct", "column polls.quorum_pct is missing: integer"),
        ("CREATE TABLE extra (id integer)", "table extra is not in the reference"),
        ("CREATE VIEW extra AS SELECT 1 AS one", "table extra is not in the reference"),
        ("DROP TABLE cohorts", "table cohorts is missing"),
        ("DROP INDEX index_polls_on_key", "index index_polls_on_key is missing: unique btree on polls (key)"),
        ("CREATE INDEX extra ON polls (title)", "index extra is not in the reference: btree on polls (title)"),
        ("DROP INDEX index_polls_on_key; CREATE INDEX index_polls_on_key ON polls (key)",
         "index index_polls_on_key is btree on polls (key), should be unique btree on polls (key)"),
        ("DROP INDEX index_notifications_on_id; CREATE INDEX index_notifications_on_id ON notifications (id)",
         "should be btree on notifications (id DESC)"),
        ("DROP INDEX stances_guests; CREATE INDEX stances_guests ON stances (guest)",
         "index stances_guests is btree on stances (guest), should be btree on stances (guest) WHERE (guest = true)"),
        (("DROP INDEX index_users_on_username; CREATE UNIQUE INDEX index_users_on_username "
         "ON users (username varchar_pattern_ops)"), "unique btree on users (username varchar_pattern_ops)"),
        (("DROP INDEX index_stances_on_poll_id_and_cast_at; "
         "CREATE INDEX index_stances_on_poll_id_and_cast_at ON stances (poll_id, cast_at)"),
         "should be btree on stances (poll_id NULLS FIRST, cast_at NULLS FIRST)"),
        ("DROP INDEX index_tags_on_name; CREATE INDEX index_tags_on_name ON tags USING hash (name)",
         "index index_tags_on_name is hash on tags (name)"),
        ("DROP INDEX index_groups_on_name; CREATE INDEX index_groups_on_name ON groups (name) INCLUDE (key)",
         "INCLUDE (key)"),
        ("ALTER TABLE cohorts ADD CHECK (id > 0)", "constraint cohorts.cohorts_id_check is not in the reference"),
        ("ALTER TABLE active_storage_attachments DROP CONSTRAINT fk_rails_c3b3935057",
         "constraint active_storage_attachments.fk_rails_c3b3935057 is missing"),
        ("ALTER TABLE partition_sequences DROP CONSTRAINT partition_sequences_pkey",
         "primary key of partition_sequences is missing: (key, id)"),
        ("DROP EXTENSION pg_stat_statements", "extension pg_stat_statements is missing"),
    ],
)  # fmt: skip
def test_difference_is_reported(connection, change, expected):
    connection.execute(text(change))
    found = differences(connection)
    assert len(found) <= 2
    assert expected in "\n".join(found)
