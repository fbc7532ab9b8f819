"""Rows that no site should have, and some have: what years of crashes, scripts and deletions by hand leave."""

from __future__ import annotations

from llmio.testing.loomio.rows import Rows
from llmio.testing.loomio.world import World

LOOSENED = (
    "ALTER TABLE public.polls ALTER custom_fields DROP DEFAULT, ALTER custom_fields TYPE text",
    "ALTER TABLE public.groups ALTER name TYPE text, ALTER created_at TYPE text",
    "ALTER TABLE public.login_tokens ALTER code DROP NOT NULL",
    "ALTER TABLE public.active_storage_attachments DROP CONSTRAINT fk_rails_c3b3935057",
    "DROP INDEX public.index_stances_on_poll_id_and_participant_id_and_latest",
    "DROP INDEX public.index_users_on_username",
    "ALTER TABLE public.webhooks ALTER group_id TYPE text",
    "ALTER TABLE public.login_tokens DROP CONSTRAINT login_tokens_pkey",
    "DROP INDEX public.index_memberships_on_group_id_and_user_id",
)
"""Older sites lack some limits; here they are taken away, so that rows which break them can be written."""
NOBODY = 900_001
NOWHERE = 900_002
NO_PLACE = "sequence_id = NULL, position_key = NULL"
LAST_COMMENT = "SELECT max(id) FROM public.events WHERE kind = 'new_comment'"
MEMBER = "group_id, user_id, accepted_at"
FIRST_COMMENT = LAST_COMMENT.replace("max", "min")
POINTS = "UPDATE public.poll_options SET total_score ="
POLL = "SELECT id FROM public.polls WHERE title ="

BROKEN: dict[str, tuple[str, str]] = {
    "invalid JSON": ("polls", "UPDATE public.polls SET custom_fields = '{\"broken\": ' WHERE title = 'Draft'"),
    "an over-long name": ("groups", "UPDATE public.groups SET name = repeat('long ', 80) WHERE handle = 'archived'"),
    "a broken moment": ("groups", "UPDATE public.groups SET created_at = 'yesterday-ish' WHERE handle = 'archived'"),
    "an id given twice, before a row with another fault": (
        "login_tokens",
        "INSERT INTO public.login_tokens (id, code, token) SELECT min(id), 1, 'twice' FROM public.login_tokens",
    ),
    "a NULL where none may be": ("login_tokens", "UPDATE public.login_tokens SET code = NULL WHERE used"),
    "a number that is none": ("webhooks", "UPDATE public.webhooks SET group_id = 'seven'"),
    "JSON of the wrong shape": ("comments", "UPDATE public.comments SET attachments = '\"none\"' WHERE body = 'Why?'"),
    "files that are none": (
        "discussions",
        "UPDATE public.discussions SET attachments = '[null, {\"id\": \"x\", \"filename\": 7}, {\"filename\": \"a.txt\"}]' WHERE title = 'Closed'",
    ),
    "a preview that is none": ("comments", "UPDATE public.comments SET link_previews = '[7]' WHERE body = 'It lasts'"),
    "votes that are no numbers": ("stances", f"UPDATE public.stances SET option_scores = '{{\"\": []}}' WHERE poll_id = ({POLL} 'Closed')"),
    "votes that nobody counted": ("stances", f"UPDATE public.stances SET option_scores = '{{}}' WHERE poll_id = ({POLL} 'A poll')"),
    "voters who are none": ("poll_options", f"UPDATE public.poll_options SET voter_scores = '{{\"ada\": 1}}' WHERE poll_id = ({POLL} 'Closed')"),
    "sums that are none": ("polls", "UPDATE public.polls SET stance_counts = '[[1], null]' WHERE title = 'Closed'"),
    "people who are none": ("events", "UPDATE public.events SET custom_fields = '{\"user_ids\": \"all\", \"recipient_user_ids\": null}' WHERE kind = 'new_comment'"),
    "an edit that says nothing": ("versions", "UPDATE public.versions SET object_changes = '\"none\"'"),
    "a moment without end": ("discussions", "UPDATE public.discussions SET closed_at = 'infinity' WHERE title = 'Closed'"),
    "a time zone that is none": ("users", "UPDATE public.users SET time_zone = 'Mars/Olympus' WHERE username = 'chi'"),
    "an unknown format": ("comments", "UPDATE public.comments SET body_format = 'wiki' WHERE body = 'It lasts'"),
    "an unknown volume": ("memberships", "UPDATE public.memberships SET volume = 9 WHERE id = 2"),
    "an unknown way of hiding": ("polls", "UPDATE public.polls SET hide_results = 9 WHERE title = 'Hidden'"),
    "an unknown kind of poll": ("polls", "UPDATE public.polls SET poll_type = 'tarot' WHERE title = 'Anonymous open'"),
    "an unknown privacy": ("groups", "UPDATE public.groups SET discussion_privacy_options = 'maybe' WHERE handle = 'archived'"),
    "a depth beyond all": ("discussions", "UPDATE public.discussions SET max_depth = 40 WHERE title = 'Direct'"),
    "no key": ("discussions", "UPDATE public.discussions SET key = NULL WHERE title = 'Discarded'"),
    "a title that is empty": ("discussions", "UPDATE public.discussions SET title = NULL WHERE title = 'Direct'"),
    "a name twice": ("users", "UPDATE public.users SET username = 'ben' WHERE username = 'fay'"),
    "an item without number": ("discussions", f"UPDATE public.events SET {NO_PLACE} WHERE id = ({LAST_COMMENT})"),
    "a number that no thread has": ("events", f"UPDATE public.events SET sequence_id = 2147483647 WHERE id = ({FIRST_COMMENT})"),
    "a membership twice, the newer without rights": (
        "memberships",
        f"INSERT INTO public.memberships ({MEMBER}) SELECT {MEMBER} FROM public.memberships WHERE admin ORDER BY id LIMIT 1",
    ),
    "a counter that lags behind": ("partition_sequences", "UPDATE public.partition_sequences SET counter = 1"),
    "counters of a group that are wrong": ("groups", "UPDATE public.groups SET memberships_count = 77 WHERE handle = 'bakers'"),
    "counters of a thread that are wrong": ("discussions", "UPDATE public.discussions SET items_count = 99 WHERE title = 'Fork source'"),
    "counters of an open poll that are wrong": ("polls", f"{POINTS} 50 WHERE name = 'Apples' AND poll_id = ({POLL} 'A poll')"),
    "a closed poll that says other totals than its votes": ("polls", f"{POINTS} 40 WHERE icon = 'agree' AND poll_id = ({POLL} 'Closed')"),
}  # fmt: skip
"""What is wrong → the table that it is listed under, the statement that makes it so."""

OLD_FILES = (
    "UPDATE public.groups SET cover_photo_file_name = 'cover.jpg' WHERE handle = 'archived'",
    "UPDATE public.users SET uploaded_avatar_file_name = 'chi.png' WHERE username = 'chi'",
    "UPDATE public.comments SET body = 'See <img src=\"/system/attachments/files/000/000/001/original/plan.png\">' WHERE body = 'Why?'",
)
"""Files of before Active Storage, which nobody moved."""


def make(rows: Rows, world: World) -> None:
    """Add them."""
    for statement in LOOSENED:
        rows.connection.execute(statement.encode())
    for _table, statement in BROKEN.values():
        rows.connection.execute(statement.encode())
    for statement in OLD_FILES:
        rows.connection.execute(statement.encode())
    rows.add(
        "attachments",
        user_id=world.people["ada"],
        filename="minutes.doc",
        file_file_name="minutes.doc",
        migrated_to_document=False,
    )
    rows.add(
        "attachments",
        user_id=world.people["ada"],
        filename="moved.doc",
        file_file_name="moved.doc",
        migrated_to_document=True,
    )
    rows.add("comments", discussion_id=world.deep.id, user_id=NOBODY, body="By nobody", parent_type="Discussion",
             parent_id=world.deep.id)  # fmt: skip
    rows.add("comments", discussion_id=NOWHERE, user_id=world.people["ada"], body="Nowhere", parent_type="Discussion",
             parent_id=NOWHERE)  # fmt: skip
    rows.add("memberships", group_id=NOWHERE, user_id=world.people["ada"])
    rows.add("active_storage_attachments", name="files", record_type="Comment", record_id=1, blob_id=NOWHERE)
    rows.add("stances", poll_id=world.polls["A poll"], participant_id=world.people["ben"], option_scores={})
    rows.add("stance_choices", stance_id=NOWHERE, poll_option_id=1, score=1)
