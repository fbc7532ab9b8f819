"""Many people and many events, made by the server itself: a million rows in seconds, the same for the same seed."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

ITEMS_A_THREAD = 48
VOTERS_A_POLL = 20
PEOPLE_A_GROUP = 50

SCRIPT = """
CREATE TEMP TABLE here ON COMMIT DROP AS SELECT
  (SELECT coalesce(max(id), 0) FROM public.users) AS u, (SELECT coalesce(max(id), 0) FROM public.groups) AS g,
  (SELECT coalesce(max(id), 0) FROM public.discussions) AS d, (SELECT coalesce(max(id), 0) FROM public.comments) AS c,
  (SELECT coalesce(max(id), 0) FROM public.polls) AS p, (SELECT coalesce(max(id), 0) FROM public.poll_options) AS o,
  (SELECT coalesce(max(id), 0) FROM public.stances) AS s, (SELECT coalesce(max(id), 0) FROM public.events) AS e;

INSERT INTO public.users (id, name, email, username, key, email_verified, time_zone, unsubscribe_token, secret_token,
                          encrypted_password, created_at, updated_at, memberships_count)
SELECT u + n, 'Person ' || n, 'person' || n || '@example.net', 'person' || n, 'u' || lpad(n::text, 7, '0'), true,
       'Europe/Paris', md5('{seed}unsub' || n), md5('{seed}secret' || n), '$2a$04$' || repeat('x', 53), t, t, 1
FROM here, generate_series(1, {users}) n, LATERAL (SELECT timestamp '2024-01-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.groups (id, name, full_name, key, handle, token, creator_id, memberships_count, created_at, updated_at)
SELECT g + n, 'Group ' || n, 'Group ' || n, 'g' || lpad(n::text, 7, '0'), 'many-' || n, md5('{seed}join' || n), u + 1,
       {per_group}, t, t
FROM here, generate_series(1, {groups}) n, LATERAL (SELECT timestamp '2024-01-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.memberships (group_id, user_id, admin, volume, token, accepted_at, created_at, updated_at)
SELECT g + 1 + (n - 1) / {per_group}, u + n, n % {per_group} = 1, 2, md5('{seed}member' || n), t, t, t
FROM here, generate_series(1, {users}) n, LATERAL (SELECT timestamp '2024-02-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.discussions (id, group_id, author_id, title, description, key, items_count, last_sequence_id,
                                first_sequence_id, ranges_string, last_activity_at, created_at, updated_at)
SELECT d + n, g + 1 + n % {groups}, u + 1 + n % {users}, 'Thread ' || n, repeat('What shall we do about it? ', 8),
       'd' || lpad(n::text, 7, '0'), {items}, {items}, 1, '1-{items}', t, t, t
FROM here, generate_series(1, {threads}) n, LATERAL (SELECT timestamp '2024-03-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.events (id, kind, eventable_type, eventable_id, user_id, child_count, descendant_count, created_at, updated_at)
SELECT e + n, 'new_discussion', 'Discussion', d + n, u + 1 + n % {users}, {items}, {items}, t, t
FROM here, generate_series(1, {threads}) n, LATERAL (SELECT timestamp '2024-03-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.comments (id, discussion_id, user_id, parent_type, parent_id, body, created_at, updated_at)
SELECT c + (n - 1) * {items} + i, d + n, u + 1 + (n * 7 + i * 13) % {users}, 'Discussion', d + n,
       repeat('I have thought about this for a while. ', 5) || md5('{seed}' || n || '-' || i), t, t
FROM here, generate_series(1, {threads}) n, generate_series(1, {items}) i,
     LATERAL (SELECT timestamp '2024-04-01' + (n * {items} + i) * interval '20 seconds' AS t) m;

INSERT INTO public.events (id, kind, eventable_type, eventable_id, user_id, discussion_id, sequence_id, parent_id, position,
                           position_key, depth, created_at, updated_at)
SELECT e + {threads} + (n - 1) * {items} + i, 'new_comment', 'Comment', c + (n - 1) * {items} + i,
       u + 1 + (n * 7 + i * 13) % {users}, d + n, i, e + n, i, lpad(i::text, 5, '0'), 1, t, t
FROM here, generate_series(1, {threads}) n, generate_series(1, {items}) i,
     LATERAL (SELECT timestamp '2024-04-01' + (n * {items} + i) * interval '20 seconds' AS t) m;

INSERT INTO public.polls (id, author_id, title, key, poll_type, group_id, closing_at, closed_at, voters_count,
                          undecided_voters_count, stance_counts, created_at, updated_at)
SELECT p + n, u + 1 + n % {users}, 'Poll ' || n, 'p' || lpad(n::text, 7, '0'), 'proposal', g + 1 + n % {groups}, t, t,
       {voters}, 0, jsonb_build_array({voters} / 2, {voters} / 2), t, t
FROM here, generate_series(1, {polls}) n, LATERAL (SELECT timestamp '2024-05-01' + n * interval '1 minute' AS t) m;

INSERT INTO public.poll_options (id, poll_id, name, icon, priority, total_score, voter_count, created_at, updated_at)
SELECT o + (n - 1) * 2 + i, p + n, (ARRAY['agree', 'disagree'])[i], (ARRAY['agree', 'disagree'])[i], i - 1, {voters} / 2,
       {voters} / 2, t, t
FROM here, generate_series(1, {polls}) n, generate_series(1, 2) i, LATERAL (SELECT timestamp '2024-05-01' AS t) m;

INSERT INTO public.stances (id, poll_id, participant_id, reason, token, cast_at, option_scores, created_at, updated_at)
SELECT s + (n - 1) * {voters} + i, p + n, u + 1 + (n * {voters} + i) % {users}, 'Because ' || i,
       md5('{seed}stance' || n || '-' || i), t, jsonb_build_object((o + (n - 1) * 2 + 1 + i % 2)::text, 1), t, t
FROM here, generate_series(1, {polls}) n, generate_series(1, {voters}) i, LATERAL (SELECT timestamp '2024-05-02' AS t) m;

INSERT INTO public.stance_choices (stance_id, poll_option_id, score, created_at, updated_at)
SELECT s + (n - 1) * {voters} + i, o + (n - 1) * 2 + 1 + i % 2, 1, t, t
FROM here, generate_series(1, {polls}) n, generate_series(1, {voters}) i, LATERAL (SELECT timestamp '2024-05-02' AS t) m;

UPDATE public.groups x SET discussions_count = d.kept, open_discussions_count = d.kept, admin_memberships_count = 1
FROM here, (SELECT group_id, count(*) AS kept FROM public.discussions GROUP BY 1) d WHERE d.group_id = x.id AND x.id > g;

INSERT INTO public.notifications (user_id, event_id, actor_id, viewed, url, translation_values, created_at, updated_at)
SELECT u + 1 + n % {users}, e + 1 + n % {threads}, u + 1 + (n * 3) % {users}, n % 3 = 0, '/d/d' || lpad((1 + n % {threads})::text, 7, '0'),
       jsonb_build_object('name', 'Person', 'title', 'Thread'), t, t
FROM here, generate_series(1, {notices}) n, LATERAL (SELECT timestamp '2024-06-01' + n * interval '1 second' AS t) m;
"""
SEQUENCES = ("users", "groups", "discussions", "comments", "polls", "poll_options", "stances", "events")


def make(connection: Connection[Any], *, users: int, events: int, seed: int = 1) -> None:
    """Add so many people, and threads that make up so many events, with comments, polls, votes and notices."""
    threads = max(1, events // (ITEMS_A_THREAD + 1))
    told = {
        "seed": seed,
        "users": users,
        "groups": max(1, users // PEOPLE_A_GROUP),
        "per_group": PEOPLE_A_GROUP,
        "threads": threads,
        "items": ITEMS_A_THREAD,
        "polls": max(1, threads // 4),
        "voters": VOTERS_A_POLL,
        "notices": events // 4,
    }
    connection.execute(SCRIPT.format(**told).encode())
    for table in SEQUENCES:
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('public.{table}', 'id'), (SELECT max(id) FROM public.{table}))".encode()
        )
