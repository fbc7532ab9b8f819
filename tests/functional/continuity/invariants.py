"""What holds for every row of a database of the reference: queries that give the rows for which it does not.

From the reference's schema and its rules for events, threads, polls and counters. llmio must leave nothing else behind, or one could not go back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from llmio.discussions import ranges

VALUES = {
    "memberships.volume": {0, 1, 2, 3, None}, "discussion_readers.volume": {0, 1, 2, 3}, "stances.volume": {0, 1, 2, 3},
    "users.default_membership_volume": {0, 1, 2, 3}, "users.email_catch_up_day": {*range(9), None},
    "polls.hide_results": {0, 1, 2}, "polls.notify_on_closing_soon": {0, 1, 2, 3}, "polls.stance_reason_required": {0, 1, 2},
    "polls.details_format": {"md", "html"}, "comments.body_format": {"md", "html"}, "stances.reason_format": {"md", "html"},
    "discussions.description_format": {"md", "html"}, "outcomes.statement_format": {"md", "html"}, "groups.description_format": {"md", "html"},
    "comments.parent_type": {"Discussion", "Comment", "Poll", "Stance", "Outcome"},
    "reactions.reactable_type": {"Discussion", "Comment", "Poll", "Stance", "Outcome"},
    "discussions.max_depth": {1, 2, 3}, "groups.new_threads_max_depth": {1, 2, 3}, "polls.poll_option_name_format": {"plain", "i18n", "iso8601", None},
    "polls.chart_type": {"pie", "bar", "grid", "none", None},
    "polls.poll_type": {"proposal", "poll", "score", "dot_vote", "ranked_choice", "meeting", "count", "check", "question"},
    "poll_options.test_operator": {"gte", "lte", None}, "poll_options.test_against": {"score_percent", "voter_percent", None},
    "groups.discussion_privacy_options": {"private_only", "public_or_private", "public_only"},
    "groups.membership_granted_upon": {"request", "approval", "invitation"},
    "membership_requests.response": {"approved", "ignored", None}, "active_storage_blobs.service_name": {"local"},
    "versions.event": {"create", "update", "destroy"}, "chatbots.kind": {"webhook", "matrix"},
    "chatbots.webhook_kind": {"slack", "microsoft", "discord", "markdown", "webex", None},
    "tasks.record_type": {"Discussion", "Comment", "Poll", "Stance", "Outcome", "Group"},
}  # fmt: skip
ANY = {"Discussion", "Comment", "Poll", "Stance", "Outcome"}
KINDS_OF = {
    "Discussion": "new_discussion discussion_edited discussion_announced discussion_closed discussion_reopened discussion_moved "
    "discussion_forked discussion_title_edited discussion_description_edited",
    "Comment": "new_comment comment_edited comment_replied_to",
    "Poll": "poll_created poll_edited poll_announced poll_reminder poll_closing_soon poll_expired poll_closed_by_user poll_reopened "
    "poll_option_added",
    "Stance": "stance_created stance_updated",
    "Outcome": "outcome_created outcome_updated outcome_announced outcome_review_due",
    "Group": "membership_created membership_resent announcement_resend",
    "Membership": "membership_request_approved invitation_accepted user_added_to_group user_joined_group new_coordinator new_delegate",
    "Reaction": "reaction_created",
    "MembershipRequest": "membership_requested",
    "ReceivedEmail": "unknown_sender",
    "User": "user_reactivated",
}
KINDS = {kind: {about} for about, kinds in KINDS_OF.items() for kind in kinds.split()}
KINDS |= {"user_mentioned": ANY, "group_mentioned": ANY, "announcement_created": {*ANY, "Group", "Membership"}}
"""Kind of event → types of what it is about."""
IN_THREADS = {
    "discussion_edited", "discussion_closed", "discussion_reopened", "discussion_moved", "discussion_forked", "new_comment", "poll_created",
    "poll_edited", "poll_closed_by_user", "poll_reopened", "stance_created", "stance_updated", "outcome_created",
}  # fmt: skip
"""Kinds that may be items of a thread; new_discussion is the root, and none."""
FIELDS = {
    "pinned_title", "recipient_user_ids", "recipient_chatbot_ids", "recipient_message", "recipient_audience", "stance_ids",
    "user_ids", "group_ids", "membership_id", "membership_ids", "kind", "poll_option_names", "source_group_id", "item_ids",
    "mentioned_user_ids", "replied_user_ids",
}  # fmt: skip
TABLE_OF = {"Discussion": "discussions", "Comment": "comments", "Poll": "polls", "Stance": "stances", "Outcome": "outcomes", "Group": "groups",
            "Membership": "memberships", "MembershipRequest": "membership_requests", "Reaction": "reactions", "User": "users",
            "ReceivedEmail": "received_emails"}  # fmt: skip
ITEM = "e.discussion_id IS NOT NULL"
HELD = "latest AND revoked_at IS NULL"
QUERIES = {
    "items have a number, a parent and a place": f"SELECT id FROM events e WHERE {ITEM} AND (sequence_id IS NULL OR sequence_id < 1 OR parent_id IS NULL OR position < 1 OR position_key IS NULL)",
    "what is no item has no number": "SELECT id FROM events WHERE discussion_id IS NULL AND sequence_id IS NOT NULL",
    "numbers are given once in a thread": f"SELECT min(id) FROM events e WHERE {ITEM} GROUP BY discussion_id, sequence_id HAVING count(*) > 1",
    "positions are given once below a parent": f"SELECT min(id) FROM events e WHERE {ITEM} GROUP BY parent_id, position HAVING count(*) > 1",
    "keys follow from the parent's": f"""SELECT e.id FROM events e JOIN events p ON p.id = e.parent_id WHERE {ITEM}
        AND e.position_key <> CASE WHEN p.discussion_id IS NULL THEN '' ELSE p.position_key || '-' END || lpad(e.position::text, 5, '0')""",
    "depth follows from the parent's": f"SELECT e.id FROM events e JOIN events p ON p.id = e.parent_id WHERE {ITEM} AND e.depth <> p.depth + 1",
    "no item is deeper than its thread allows": f"SELECT e.id FROM events e JOIN discussions d ON d.id = e.discussion_id WHERE {ITEM} AND e.depth > d.max_depth",
    "the root is no item": "SELECT id FROM events WHERE kind = 'new_discussion' AND (depth <> 0 OR discussion_id IS NOT NULL)",
    "each thread has one root": "SELECT d.id FROM discussions d WHERE (SELECT count(*) FROM events e WHERE e.kind = 'new_discussion' AND e.eventable_id = d.id) <> 1",
    "items hang from their own thread": f"""SELECT e.id FROM events e JOIN events p ON p.id = e.parent_id WHERE {ITEM}
        AND coalesce(p.discussion_id, CASE WHEN p.kind = 'new_discussion' THEN p.eventable_id END) IS DISTINCT FROM e.discussion_id""",
    "children are counted": f"SELECT p.id FROM events p WHERE p.child_count <> (SELECT count(*) FROM events e WHERE e.parent_id = p.id AND {ITEM})",
    "descendants are counted": """SELECT p.id FROM events p WHERE p.discussion_id IS NOT NULL AND p.descendant_count <>
        (SELECT count(*) FROM events e WHERE e.discussion_id = p.discussion_id AND e.position_key LIKE p.position_key || '-%')""",
    "descendants of roots are counted": "SELECT p.id FROM events p WHERE p.kind = 'new_discussion' AND p.descendant_count <> (SELECT count(*) FROM events e WHERE e.discussion_id = p.eventable_id)",
    "what a counter gives next is new": """SELECT s.id FROM partition_sequences s WHERE s.counter < coalesce(CASE s.key
        WHEN 'discussions_sequence_id' THEN (SELECT max(sequence_id) FROM events e WHERE e.discussion_id = s.id)
        WHEN 'events_position' THEN (SELECT max(position) FROM events e WHERE e.parent_id = s.id AND e.discussion_id IS NOT NULL) END, 0)""",
    "comments hang from what they answer, or above it": """SELECT e.id FROM events e JOIN comments c ON c.id = e.eventable_id JOIN discussions d ON d.id = e.discussion_id
        JOIN events p ON p.id = e.parent_id WHERE e.kind = 'new_comment' AND e.depth < d.max_depth
        AND c.parent_type = 'Comment' AND (p.eventable_type, p.eventable_id) IS DISTINCT FROM ('Comment', c.parent_id)""",
    "what happens to a poll hangs from it": """SELECT e.id FROM events e JOIN events p ON p.id = e.parent_id WHERE e.discussion_id IS NOT NULL
        AND e.kind IN ('poll_edited', 'poll_closed_by_user', 'poll_reopened', 'outcome_created', 'stance_created') AND e.depth > 1 AND p.kind <> 'poll_created'""",
    "counters of threads": f"""SELECT d.id FROM discussions d LEFT JOIN (SELECT discussion_id, count(*) AS items, min(sequence_id) AS first, max(sequence_id) AS last
        FROM events e WHERE {ITEM} GROUP BY 1) i ON i.discussion_id = d.id WHERE (d.items_count, d.first_sequence_id, d.last_sequence_id)
        <> (coalesce(i.items, 0), coalesce(i.first, 0), coalesce(i.last, 0))""",
    "threads know their last activity": "SELECT id FROM discussions WHERE last_activity_at IS NULL OR last_activity_at < created_at",
    "comments have a parent that is there": " UNION ALL ".join(f"SELECT id FROM comments c WHERE parent_type = '{kind}' AND NOT EXISTS (SELECT 1 FROM {TABLE_OF[kind]} p WHERE p.id = c.parent_id)" for kind in sorted(ANY)),
    "one reader for a person and a thread": "SELECT min(id) FROM discussion_readers GROUP BY user_id, discussion_id HAVING count(*) > 1",
    "one membership for a person and a group": "SELECT min(id) FROM memberships GROUP BY user_id, group_id HAVING count(*) > 1",
    "one reaction for a person and a thing": "SELECT min(id) FROM reactions GROUP BY user_id, reactable_type, reactable_id HAVING count(*) > 1",
    "one latest vote for a person and a poll": "SELECT min(id) FROM stances WHERE latest AND participant_id IS NOT NULL GROUP BY poll_id, participant_id HAVING count(*) > 1",
    "counters of members": """SELECT g.id FROM groups g WHERE (g.memberships_count, g.pending_memberships_count, g.admin_memberships_count) <> (
        SELECT count(*), count(*) FILTER (WHERE accepted_at IS NULL), count(*) FILTER (WHERE admin)
        FROM memberships m WHERE m.group_id = g.id AND revoked_at IS NULL)""",
    "counters of a group's threads": """SELECT g.id FROM groups g WHERE (g.discussions_count, g.open_discussions_count, g.closed_discussions_count, g.public_discussions_count) <> (
        SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL), count(closed_at), count(*) FILTER (WHERE NOT private)
        FROM discussions d WHERE d.group_id = g.id AND discarded_at IS NULL AND NOT template)""",
    "a person has one picture": "SELECT record_id FROM active_storage_attachments WHERE name = 'uploaded_avatar' GROUP BY record_type, record_id HAVING count(*) > 1",
    "counters of a group's polls": """SELECT g.id FROM groups g WHERE (g.polls_count, g.closed_polls_count) <> (
        SELECT count(*), count(closed_at) FROM polls p WHERE p.group_id = g.id AND discarded_at IS NULL)""",
    "counters of a thread's polls": """SELECT d.id FROM discussions d WHERE (d.closed_polls_count, d.anonymous_polls_count) <> (
        SELECT count(closed_at), count(*) FILTER (WHERE anonymous) FROM polls p WHERE p.discussion_id = d.id AND discarded_at IS NULL)""",
    "counters of voters": f"""SELECT p.id FROM polls p WHERE (p.voters_count, p.undecided_voters_count) <> (
        SELECT count(*), count(*) FILTER (WHERE cast_at IS NULL) FROM stances s WHERE s.poll_id = p.id AND {HELD})""",
    "points of options": f"""SELECT o.id FROM poll_options o WHERE (o.total_score, o.voter_count) <> (SELECT coalesce(sum(c.score), 0), count(DISTINCT s.id)
        FROM stance_choices c JOIN stances s ON s.id = c.stance_id AND s.{HELD.replace(' AND ', ' AND s.')} WHERE c.poll_option_id = o.id)""",
    "points of polls": "SELECT p.id FROM polls p WHERE p.stance_counts <> (SELECT coalesce(jsonb_agg(o.total_score ORDER BY o.priority, o.id), '[]') FROM poll_options o WHERE o.poll_id = p.id)",
    "scores beside votes": """SELECT s.id FROM stances s WHERE s.option_scores <> coalesce((SELECT jsonb_object_agg(c.poll_option_id, c.score)
        FROM stance_choices c WHERE c.stance_id = s.id), '{}')""",
    "who voted for an option": """SELECT o.id FROM poll_options o JOIN polls p ON p.id = o.poll_id WHERE p.anonymous AND o.voter_scores <> '{}'""",
    "closed anonymous polls know no voters": "SELECT s.id FROM stances s JOIN polls p ON p.id = s.poll_id WHERE p.anonymous AND p.closed_at IS NOT NULL AND s.participant_id IS NOT NULL",
    "closed polls have a receipt for each voter": """SELECT p.id FROM polls p WHERE closed_at IS NOT NULL AND discarded_at IS NULL AND NOT anonymous AND
        (SELECT count(*) FROM stance_receipts r WHERE r.poll_id = p.id) <> (SELECT count(*) FROM stances s WHERE s.poll_id = p.id AND latest AND revoked_at IS NULL AND participant_id IS NOT NULL)""",
    "a poll is in its thread's group": "SELECT p.id FROM polls p JOIN discussions d ON d.id = p.discussion_id WHERE p.group_id IS DISTINCT FROM d.group_id",
    "options are in order from 0": "SELECT poll_id FROM poll_options GROUP BY poll_id HAVING count(DISTINCT priority) <> count(*) OR min(priority) <> 0",
    "keys are eight letters": " UNION ALL ".join(f"SELECT id FROM {table} WHERE length(key) <> 8 OR key !~ '^[A-Za-z0-9]+$'" for table in ("groups", "discussions", "polls")),
    "keys are given once": " UNION ALL ".join(f"SELECT min(id) FROM {table} GROUP BY key HAVING count(*) > 1" for table in ("groups", "discussions", "polls", "users")),
    "people have their tokens": "SELECT id FROM users WHERE deactivated_at IS NULL AND (secret_token IS NULL OR unsubscribe_token IS NULL OR email_api_key IS NULL OR key IS NULL)",
    "user names": "SELECT id FROM users WHERE username IS NOT NULL AND username !~ '^[a-z0-9]{1,30}$'",
    "handles of subgroups begin with the parent's": "SELECT g.id FROM groups g JOIN groups p ON p.id = g.parent_id WHERE p.handle IS NOT NULL AND g.handle IS NOT NULL AND g.handle NOT LIKE p.handle || '-%'",
    "groups have a plan": "SELECT g.id FROM groups g WHERE parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = g.subscription_id)",
    "notices are about an event and lead somewhere": "SELECT n.id FROM notifications n LEFT JOIN events e ON e.id = n.event_id WHERE e.id IS NULL OR n.url !~ '^/?[a-z]' OR n.user_id IS NULL",
    "tags are told once": "SELECT id FROM polls WHERE tags IS NULL UNION ALL SELECT id FROM discussions WHERE tags IS NULL",
    "files lie at their record": "SELECT a.id FROM active_storage_attachments a LEFT JOIN active_storage_blobs b ON b.id = a.blob_id WHERE b.id IS NULL",
}  # fmt: skip
"""What holds → a query for ids of rows for which it does not."""


def broken(connection: Connection) -> Iterator[str]:
    """What does not hold, with the rows."""
    yield from _values(connection)
    yield from _events(connection)
    for name, query in QUERIES.items():
        rows = connection.scalars(text(query)).all()
        if rows:
            yield f"{name}: {len(rows)} rows, such as {sorted(rows)[:5]}"
    yield from _read(connection)


def _values(connection: Connection) -> Iterator[str]:
    for place, allowed in VALUES.items():
        table, column = place.split(".")
        held: set[Any] = set(connection.scalars(text(f"SELECT DISTINCT {column} FROM {table}")))
        if held - allowed:
            yield f"{place} holds {sorted(map(str, held - allowed))}"


def _events(connection: Connection) -> Iterator[str]:
    rows = connection.execute(
        text("SELECT DISTINCT kind, eventable_type, discussion_id IS NOT NULL AS item FROM events")
    ).all()
    for kind, about, item in rows:
        if about not in KINDS.get(kind, ()):
            yield f"an event {kind} about {about}"
        if item and kind not in IN_THREADS:
            yield f"an event {kind} is an item of a thread"
    fields = set(connection.scalars(text("SELECT DISTINCT jsonb_object_keys(custom_fields) FROM events")))
    if fields - FIELDS:
        yield f"events hold fields {sorted(fields - FIELDS)}"
    for kind, table in TABLE_OF.items():
        query = f"SELECT e.id FROM events e WHERE e.eventable_type = '{kind}' AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = e.eventable_id)"
        rows = connection.scalars(text(query)).all()
        if rows:
            yield f"events about a {kind} that is gone: {rows[:5]}"


def _read(connection: Connection) -> Iterator[str]:
    """Ranges are what the items are, and nobody has read what is not there."""
    threads = connection.execute(text(
        "SELECT d.id, d.ranges_string, array_agg(e.sequence_id) FILTER (WHERE e.id IS NOT NULL) AS numbers FROM discussions d"
        " LEFT JOIN events e ON e.discussion_id = d.id GROUP BY 1, 2"
    )).all()  # fmt: skip
    there = {}
    for key, told, numbers in threads:
        there[key] = ranges.of(numbers or ())
        if (told or "") != ranges.serialize(there[key]):
            yield f"thread {key} says {told}, and has {ranges.serialize(there[key])}"
    readers = text(
        "SELECT id, discussion_id, read_ranges_string FROM discussion_readers WHERE read_ranges_string <> ''"
    )
    for key, thread, told in connection.execute(readers):
        read = ranges.parse(told)
        if ranges.serialize(read) != told or ranges.intersect(read, there[thread]) != read:
            yield f"reader {key} has read {told} of {ranges.serialize(there[thread])}"
