"""Schema `public` as it was at some earlier versions: the newest one with what came later taken back.

From the notes on drift between v2.25.4 (March 2025) and v3.0.18 (schema 20251203031449). In which month a column came is not
known to the day; the versions here stand for the steps between.
"""

from __future__ import annotations

from importlib.resources import files

NEWEST = "20251203031449"
OLDEST = "20250616000000"

LATE_AUTUMN = (
    "DROP TABLE public.action_mailbox_inbound_emails",
    "ALTER TABLE public.users DROP COLUMN auto_translate",
    "ALTER TABLE public.subscriptions DROP COLUMN lead_status",
)
SUMMER = (
    "DROP TABLE public.stance_receipts",
    "ALTER TABLE public.polls RENAME COLUMN quorum_pct TO threshold_pct",
    "ALTER TABLE public.poll_templates RENAME COLUMN quorum_pct TO threshold_pct",
    *(f"ALTER TABLE public.poll_options DROP COLUMN test_{name}" for name in ("operator", "percent", "against")),
    "ALTER TABLE public.polls DROP COLUMN show_none_of_the_above, DROP COLUMN none_of_the_above_count",
    "ALTER TABLE public.poll_templates DROP COLUMN show_none_of_the_above",
    "ALTER TABLE public.stances DROP COLUMN none_of_the_above",
    "ALTER TABLE public.groups DROP COLUMN can_start_polls_without_discussion, DROP COLUMN category",
    "ALTER TABLE public.users ALTER COLUMN secret_token DROP NOT NULL",
    "ALTER TABLE public.outcomes ADD COLUMN secret_token character varying",
    "CREATE TABLE public.poll_unsubscriptions (id serial PRIMARY KEY, poll_id integer NOT NULL, user_id integer NOT NULL)",
    "ALTER TABLE public.poll_unsubscriptions ADD created_at timestamp, ADD updated_at timestamp",
)
VERSIONS: dict[str, tuple[str, ...]] = {
    OLDEST: (*LATE_AUTUMN, *SUMMER),
    "20250901000000": LATE_AUTUMN,
    NEWEST: (),
}
"""Version → the statements that lead back to it from the newest."""

EXTENSIONS = ("citext", "hstore", "pgcrypto", "pg_stat_statements")


def script(version: str) -> str:
    """The statements that make the empty schema of a version, with its extensions and Rails' own tables."""
    made = [f"CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA public" for name in EXTENSIONS]
    made += ["CREATE SCHEMA pghero", (files("llmio.migrations") / "public.sql").read_text("utf-8").rstrip().rstrip(";")]
    made += VERSIONS[version]
    # A site that has lived for a while knows all migrations that it ran, not the last one alone.
    made += [
        "DELETE FROM public.schema_migrations",
        f"INSERT INTO public.schema_migrations VALUES ('20111123003406'), ('20200101000000'), ('{version}')",
    ]
    return ";\n".join(made) + ";\n"
