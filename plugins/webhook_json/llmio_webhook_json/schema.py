"""The schema of what is posted, by kind of event (JSON Schema 2020-12).

A promise: fields may be added in later versions, none taken away or given another type.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

KINDS = (
    "new_discussion",
    "discussion_edited",
    "discussion_announced",
    "new_comment",
    "poll_created",
    "poll_edited",
    "poll_announced",
    "poll_reminder",
    "poll_closing_soon",
    "poll_expired",
    "poll_closed_by_user",
    "poll_reopened",
    "outcome_created",
    "outcome_updated",
    "outcome_review_due",
    "stance_created",
    "stance_updated",
    "test",
)
"""Every kind of event that can reach a webhook."""
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None, description: str = "") -> Schema:
    made: Schema = {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}
    return {**made, "description": description} if description else made


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


WRITTEN = _object({"html": TEXT, "markdown": TEXT}, description="What somebody wrote, both ways.")
FILES = _list(
    _object(
        {
            "filename": _or_null(TEXT),
            "content_type": _or_null(TEXT),
            "byte_size": _or_null(INTEGER),
            "url": {**TEXT, "format": "uri", "description": "Asks for a sign-in where the thread does."},
        }
    )
)
BODY = {"body": WRITTEN, "files": FILES}
"""Left out where the integration sends notices only."""
PERSON = _object({"id": INTEGER, "name": _or_null(TEXT), "username": _or_null(TEXT)})
GROUP = _object(
    {"id": INTEGER, "key": TEXT, "name": _or_null(TEXT), "handle": _or_null(TEXT), "url": {**TEXT, "format": "uri"}}
)
URL: Schema = {**TEXT, "format": "uri"}
DISCUSSION = _object({"id": INTEGER, "key": TEXT, "url": URL, "title": TEXT}, BODY)
COMMENT = _object({"id": INTEGER, "url": URL}, BODY)
OPTION = _object({"id": INTEGER, "name": TEXT, "meaning": TEXT, "vote_url": URL})
ROW = _object(
    {
        "id": {**INTEGER, "description": "Of the option; 0: none of the above, -1: those who have not voted."},
        "name": TEXT,
        "rank": _or_null(INTEGER),
        "score": NUMBER,
        "voter_count": NUMBER,
        "score_percent": NUMBER,
        "voter_percent": NUMBER,
        "test_result": _or_null(BOOLEAN),
    }
)
POLL = _object(
    {
        "id": INTEGER,
        "key": TEXT,
        "url": URL,
        "title": TEXT,
        "poll_type": TEXT,
        "closing_at": _or_null(MOMENT),
        "closed_at": _or_null(MOMENT),
        "anonymous": BOOLEAN,
        "hide_results": {"enum": [0, 1, 2], "description": "0: no, 1: until one has voted, 2: until the poll closes."},
        "voters_count": INTEGER,
        "cast_count": INTEGER,
    },
    {
        **BODY,
        "options": _list(OPTION),
        "results": {
            "anyOf": [_list(ROW), {"type": "null"}],
            "description": "Null while not everyone may see them.",
        },
    },
)
STANCE: Schema = {
    "anyOf": [
        _object(
            {"id": INTEGER, "voter": {"anyOf": [PERSON, {"type": "null"}]}},
            {
                "option_scores": {"type": "object", "additionalProperties": INTEGER},
                "none_of_the_above": BOOLEAN,
                "reason": WRITTEN,
                "files": FILES,
            },
        ),
        {"type": "null"},
    ],
    "description": "A vote; null where it must not be told of: anonymous, or hidden while the poll is open.",
}
OUTCOME = _object(
    {
        "id": INTEGER,
        "url": URL,
        "poll_option_id": _or_null(INTEGER),
        "review_on": {"type": ["string", "null"], "format": "date"},
    },
    BODY,
)


def schema_of(kind: str) -> Schema:
    """The schema of the whole body."""
    test = kind == "test"
    required: dict[str, Schema] = {"text": TEXT, "url": TEXT, "group": {"anyOf": [GROUP, {"type": "null"}]}}
    required |= {"site": _object({"name": TEXT, "url": URL}), "created_at": MOMENT, "kind": {"const": kind}}
    if not test:
        required |= {
            "id": {**INTEGER, "description": "Of the event; the same for every integration that hears of it."},
            "actor": {"anyOf": [PERSON, {"type": "null"}], "description": "Null where nobody may be named."},
            "message": {**_or_null(TEXT), "description": "What the person who acted wrote to those who are told."},
        }
    about, further = _about(kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        **_object({"type": {"const": kind}, "timestamp": MOMENT, "data": _object({**required, **about}, further)}),
    }


def _about(kind: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The records a kind always has, and those it may have."""
    if kind == "test":
        return {}, {}
    if kind == "new_comment":
        return {"discussion": DISCUSSION, "comment": COMMENT}, {}
    if "discussion" in kind:
        return {"discussion": DISCUSSION}, {}
    own = (
        {"stance": STANCE} if kind.startswith("stance") else {"outcome": OUTCOME} if kind.startswith("outcome") else {}
    )
    return {"poll": POLL, **own}, {"discussion": DISCUSSION}
