"""Files of before Active Storage: rows that name a file which the reference itself no longer shows, listed so that nobody misses them unseen.

Their bytes lay in `public/system` (the volume `uploads`) or in a bucket, not in the storage folder. The rows stay as they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.core.i18n import _

if TYPE_CHECKING:
    from psycopg import Connection

UNMOVED = (
    # table, column with the file's name, type of record and name that Active Storage has instead, further condition
    ("attachments", "file_file_name", "", "", "NOT coalesce(t.migrated_to_document, false)"),
    ("documents", "file_file_name", "Document", "file", ""),
    ("groups", "cover_photo_file_name", "Group", "cover_photo", ""),
    ("groups", "logo_file_name", "Group", "logo", ""),
    ("users", "uploaded_avatar_file_name", "User", "uploaded_avatar", ""),
    ("oauth_applications", "logo_file_name", "", "", ""),
    ("default_group_covers", "cover_photo_file_name", "", "", ""),
)
TEXTS = (
    ("groups", "description"), ("discussions", "description"), ("comments", "body"), ("polls", "details"), ("outcomes", "statement"),
    ("stances", "reason"), ("users", "short_bio"),
)  # fmt: skip


def found(connection: Connection[Any]) -> list[str]:
    """Each of them, with where it is named."""
    listed: list[str] = []
    for table, column, record, name, further in UNMOVED:
        where = [f"t.{column} <> ''", *([further] if further else [])]
        if record:
            where.append(
                f"NOT EXISTS (SELECT 1 FROM public.active_storage_attachments a WHERE a.record_type = '{record}' "  # ours
                f"AND a.record_id = t.id AND a.name = '{name}')"
            )
        query = f"SELECT t.id, t.{column} FROM public.{table} t WHERE {' AND '.join(where)} ORDER BY 1"  # ours
        rows = connection.execute(query.encode()).fetchall()
        listed += [
            str(_("{table} {id}: {name} ({column})", table=table, id=key, name=file, column=column))
            for key, file in rows
        ]
    for table, column in TEXTS:
        query = f"SELECT t.id FROM public.{table} t WHERE t.{column} ~ '[\"(/ ]system/[a-z_]+/' ORDER BY 1"  # ours
        rows = connection.execute(query.encode()).fetchall()
        listed += [
            str(_("{table} {id}: its {column} names a file below /system/", table=table, id=key, column=column))
            for (key,) in rows
        ]
    return listed
