"""A small site with every table and every edge: what a community leaves behind in some years."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import bcrypt

from llmio.testing.loomio.rows import Rows
from llmio.testing.loomio.threads import Thread

PASSWORD: Final = "correct horse battery staple"  # of people who do not exist
SALT = b"$2a$04$abcdefghijklmnopqrstuu"
PEOPLE = ("Ada Lovelace", "Ben Okri", "Chi Nguyen", "Dana Ivanova", "Eli Cohen", "Fay Wong")
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PRESETS = {
    "proposal": (("agree", "agree"), ("abstain", "abstain"), ("disagree", "disagree")),
    "poll": (("Apples", None), ("Pears", None)),
    "score": (("North", None), ("South", None)),
    "dot_vote": (("Roof", None), ("Garden", None)),
    "ranked_choice": (("Mai", None), ("Noa", None), ("Ola", None)),
    "meeting": (("2025-06-01T18:00:00Z", None), ("2025-06-02T18:00:00Z", None)),
    "count": (("accept", "agree"), ("decline", "disagree")),
    "check": (("looks_good", "agree"), ("not_sure", "abstain"), ("concerned", "disagree")),
    "question": (),
}
SCORES = {"score": (3, 5), "dot_vote": (5, 3), "ranked_choice": (3, 2, 1), "meeting": (2, 1)}


class World:
    """People, groups, threads, polls by name → id (`keys` and `tokens` likewise), for tests to look for."""

    def __init__(self, rows: Rows, storage: Path | None = None) -> None:
        self.rows = rows
        self.storage = storage
        self.people: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        self.threads: dict[str, int] = {}
        self.polls: dict[str, int] = {}
        self.keys: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.blobs: dict[str, str] = {}
        self._number = 0

    def key(self, name: str) -> str:
        """A key of eight letters and digits."""
        self._number += 1
        self.keys[name] = f"k{self._number:05d}Zz"
        return self.keys[name]

    def token(self, name: str) -> str:
        """A token as Rails makes them."""
        self.tokens[name] = hashlib.sha256(name.encode()).hexdigest()[:24]
        return self.tokens[name]

    def make(self) -> None:
        """All of it."""
        self._people()
        self._groups()
        self._memberships()
        self._threads()
        self._polls()
        self._tokens()
        self._files()
        self._sundries()
        self._everything()

    # --- people ---

    def _people(self) -> None:
        hashed = bcrypt.hashpw(PASSWORD.encode(), SALT).decode()
        for name in PEOPLE:
            first = name.split()[0].lower()
            self.people[first] = self.person(name, encrypted_password=hashed)
        self.rows.connection.execute("UPDATE public.users SET is_admin = true WHERE username = 'ada'")
        self.people["gone"] = self.person("Gus Gone", deactivated_at=self.rows.tick(), encrypted_password=hashed)
        self.people["redacted"] = self.rows.add(
            "users", name=None, email=None, key=self.key("redacted"), deactivated_at=self.rows.tick(),
            email_sha256=hashlib.sha256(b"once@example.org").hexdigest(), unsubscribe_token=self.token("unsub-redacted"),
            secret_token="secret-redacted",
        )  # fmt: skip
        self.people["invited"] = self.rows.add(
            "users", email="invited@example.org", key=self.key("invited"), email_verified=False,
            unsubscribe_token=self.token("unsub-invited"), secret_token="secret-invited",
        )  # fmt: skip
        self.people["bot"] = self.person("Helper", bot=True, api_key="key-of-the-bot")

    def person(self, name: str, **values: Any) -> int:
        """Somebody with an address that was proved."""
        first = name.split(maxsplit=1)[0].lower()
        return self.rows.add(
            "users",
            **{
                "name": name,
                "email": f"{first}@example.org",
                "username": first,
                "key": self.key(first),
                "email_verified": True,
                "time_zone": "Europe/Berlin",
                "selected_locale": "en",
                "unsubscribe_token": self.token(f"unsub-{first}"),
                "email_api_key": self.token(f"mail-{first}"),
                "secret_token": f"secret-{first}",
                "legal_accepted_at": self.rows.tick(),
                "email_catch_up_day": 7,
                "experiences": {"betaFeatures": True},
                **values,
            },
        )

    # --- groups ---

    def _groups(self) -> None:
        plan = self.rows.add("subscriptions", owner_id=self.people["ada"], plan="free", info={})
        first = {"subscription_id": plan, "handle": "bakers", "category": "self_managing", "attachments": []}
        self.group("Bakers", **first)
        self.group(
            "Bakers of bread", parent_id=self.groups["Bakers"], handle="bakers-bread", is_visible_to_public=False
        )
        self.group("Open field", handle="open-field", discussion_privacy_options="public_only",
                   membership_granted_upon="request", listed_in_explore=True)  # fmt: skip
        self.group("Archived", handle="archived", archived_at=self.rows.tick())

    def group(self, name: str, **values: Any) -> int:
        """A group of Ada's."""
        self.groups[name] = self.rows.add(
            "groups", name=name, full_name=name, key=self.key(name), token=self.token(f"join-{name}"),
            creator_id=self.people["ada"], description="<p>What we do.</p>", description_format="html", **values,
        )  # fmt: skip
        return self.groups[name]

    def _memberships(self) -> None:
        for name in ("Bakers", "Bakers of bread", "Open field", "Archived"):
            members = ("ada", "ben", "chi", "dana", "bot") if name == "Bakers" else ("ada", "ben")
            for person in members:
                self.member(name, person, admin=person == "ada", delegate=person == "ben")
        self.member(
            "Bakers", "invited", accepted_at=None, token=self.token("invitation"), inviter_id=self.people["ada"]
        )
        self.member("Bakers", "eli", revoked_at=self.rows.tick(), revoker_id=self.people["ada"])
        self.member("Bakers", "redacted")
        self.rows.add("membership_requests", group_id=self.groups["Bakers"], requestor_id=self.people["fay"],
                      name="Fay Wong", email="fay@example.org", introduction="May I?")  # fmt: skip

    def member(self, group: str, person: str, **values: Any) -> int:
        """Somebody in a group."""
        told = {"accepted_at": self.rows.tick(), "volume": 2, "token": self.token(f"{group}-{person}"), **values}
        return self.rows.add("memberships", group_id=self.groups[group], user_id=self.people[person], **told)

    # --- threads ---

    def thread(self, title: str, group: str | None = "Bakers", **values: Any) -> Thread:
        """A thread by Ada."""
        made = Thread.start(
            self.rows, self.people["ada"], title=title, key=self.key(title),
            group_id=self.groups[group] if group else None, **values,
        )  # fmt: skip
        self.threads[title] = made.id
        return made

    def _threads(self) -> None:
        deep = self.thread("Which oven?", max_depth=3, tags=["ovens"], description_format="html",
                           description="<p>Let us <strong>decide</strong>.</p>")  # fmt: skip
        ada, ben, chi = (self.people[one] for one in ("ada", "ben", "chi"))
        first = deep.comment(ben, "The **used** one")
        second = deep.comment(chi, "Why?", parent=first)
        third = deep.comment(ada, "It lasts", parent=second)
        deep.comment(ben, "Deeper than the thread allows", parent=third)
        deep.comment(chi, "taken away", discarded_at=self.rows.tick(), discarded_by=chi)
        deep.comment(self.people["redacted"], "By somebody who left")
        self.deep = deep
        self.rows.add("reactions", reactable_type="Comment", reactable_id=first.id, user_id=chi, reaction=":heart:")
        self.rows.add("discussion_readers", discussion_id=deep.id, user_id=ben, read_ranges_string="1-3",
                      last_read_at=self.rows.tick(), accepted_at=self.rows.tick(), volume=3)  # fmt: skip
        self.rows.add("discussion_readers", discussion_id=deep.id, user_id=self.people["fay"], guest=True,
                      inviter_id=ada, token=self.token("guest"), accepted_at=None)  # fmt: skip
        self.rows.add("discussion_readers", discussion_id=deep.id, user_id=self.people["eli"], guest=True,
                      inviter_id=ada, token=self.token("guest-revoked"), revoked_at=self.rows.tick())  # fmt: skip
        self._moved_and_forked()
        self.thread("Closed", closed_at=self.rows.tick(), closer_id=ada).comment(ben, "Done.")
        self.thread("Discarded", discarded_at=self.rows.tick(), discarded_by=ada)
        self.thread("Open to all", group="Open field", private=False).comment(ben, "Everybody reads this.")
        self.thread("Direct", group=None).comment(ada, "Between us")

    def _moved_and_forked(self) -> None:
        source, target = self.thread("Fork source"), self.thread("Fork target", group="Bakers of bread")
        ben = self.people["ben"]
        source.comment(ben, "stays")
        moved = target.comment(ben, "was moved")
        source.event("discussion_forked", "Discussion", source.id, ben, custom_fields={"item_ids": [moved.event_id]})
        target.event("discussion_moved", "Discussion", target.id, ben,
                     custom_fields={"source_group_id": self.groups["Bakers"]})  # fmt: skip

    # --- polls ---

    def _polls(self) -> None:
        for kind in PRESETS:
            self.poll(f"A {kind}", kind, thread=self.deep if kind in ("proposal", "poll") else None)
        self.poll("Anonymous closed", "proposal", anonymous=True, closed_at=self.rows.tick())
        self.poll("Anonymous open", "poll", anonymous=True)
        self.poll("Hidden", "poll", hide_results=2)
        self.poll("Closed", "proposal", closed_at=self.rows.tick(), quorum_pct=50)
        self.poll("Discarded poll", "poll", discarded_at=self.rows.tick(), discarded_by=self.people["ada"])
        self.poll("Draft", "poll", closing_at=None, voters=())
        # As sites wrote them years ago: what has columns now stood in custom_fields, totals in columns now unused.
        self.poll("Legacy", "score", closed_at=self.rows.tick(), multiple_choice=True, stance_data={"North": 6},
                  matrix_counts=[[1, 2]], custom_fields={"max_score": 9, "min_score": 0, "time_zone": "Pacific/Auckland"})  # fmt: skip
        outcome = self.rows.add(
            "outcomes", poll_id=self.polls["Closed"], author_id=self.people["ada"], statement="So be it.",
            review_on=self.rows.moment.date(), custom_fields={"event_summary": "Fetch it"},
        )  # fmt: skip
        self.deep.event("outcome_created", "Outcome", outcome, self.people["ada"])

    def poll(
        self, title: str, kind: str, *, thread: Thread | None = None,
        voters: tuple[str, ...] = ("ada", "ben", "chi", "dana"), **values: Any,
    ) -> int:  # fmt: skip
        """A poll in which Ada, Ben and Chi have voted and Dana has not."""
        closing = {"closing_at": self.rows.moment + timedelta(days=3650)} | values
        told = {"details": "Say what you think.", "custom_fields": {}, "tags": ["ovens"], **closing}
        # Where voters have no names any more, neither have the votes.
        poll = self.rows.add(
            "polls", title=title, poll_type=kind, author_id=self.people["ada"], key=self.key(title),
            group_id=self.groups["Bakers"], discussion_id=thread.id if thread else None, **told,
        )  # fmt: skip
        self.polls[title] = poll
        options = [
            self.rows.add("poll_options", poll_id=poll, name=name, icon=icon, priority=number, meaning="as it says")
            for number, (name, icon) in enumerate(PRESETS[kind])
        ]
        created = thread.event("poll_created", "Poll", poll, self.people["ada"], pinned=True) if thread else None
        if created is None:
            self.rows.add("events", kind="poll_created", eventable_type="Poll", eventable_id=poll,
                          user_id=self.people["ada"])  # fmt: skip
        anonymous_now = bool(values.get("anonymous") and values.get("closed_at"))
        for number, voter in enumerate(voters):
            self._vote(poll, kind, options, voter, number, thread, anonymous=anonymous_now)
        if not voters:
            return poll
        # Somebody changed their mind, somebody was taken out again, a guest was asked.
        self.rows.add("stances", poll_id=poll, participant_id=None if anonymous_now else self.people["ada"],
                      latest=False, cast_at=self.rows.tick(), option_scores={})  # fmt: skip
        self.rows.add("stances", poll_id=poll, participant_id=self.people["eli"], revoked_at=self.rows.tick(),
                      revoker_id=self.people["ada"], option_scores={})  # fmt: skip
        if title == "A poll":
            self.rows.add("stances", poll_id=poll, participant_id=self.people["fay"], guest=True,
                          inviter_id=self.people["ada"], token=self.token("stance"), option_scores={})  # fmt: skip
        self._count(poll, anonymous=bool(values.get("anonymous")))
        return poll

    def _vote(
        self,
        poll: int,
        kind: str,
        options: list[int],
        voter: str,
        number: int,
        thread: Thread | None,
        *,
        anonymous: bool,
    ) -> None:
        cast = voter != "dana"
        chosen = options[: len(SCORES[kind])] if kind in SCORES else options[number % max(1, len(options)) :][:1]
        scores = dict(zip(chosen, SCORES.get(kind, (1,)), strict=False)) if cast else {}
        stance = self.rows.add(
            "stances", poll_id=poll, participant_id=None if anonymous else self.people[voter],
            cast_at=self.rows.tick() if cast else None, reason=f"<p>Because, says {voter}</p>" if cast else None,
            reason_format="html", token=self.token(f"stance-{poll}-{voter}"), accepted_at=self.rows.tick(),
            option_scores={str(option): score for option, score in scores.items()},
        )  # fmt: skip
        for option, score in scores.items():
            self.rows.add("stance_choices", stance_id=stance, poll_option_id=option, score=score)
        self.rows.add("stance_receipts", poll_id=poll, voter_id=self.people[voter], inviter_id=self.people["ada"],
                      invited_at=self.rows.tick(), vote_cast=cast)  # fmt: skip
        if thread is not None and cast:
            thread.event("stance_created", "Stance", stance, self.people[voter], under=("Poll", poll))

    def _count(self, poll: int, *, anonymous: bool) -> None:
        """The counters as the reference keeps them."""
        self.rows.connection.execute(COUNT, {"poll": poll, "anonymous": anonymous})

    # --- links in old mails, files, and what else there is ---

    def _tokens(self) -> None:
        for name, used in (("login", False), ("login-used", True)):
            self.rows.add("login_tokens", user_id=self.people["ben"], token=self.token(name), used=used, code=123456,
                          redirect="/dashboard")  # fmt: skip
        event = self.rows.connection.execute("SELECT min(id) FROM public.events WHERE kind = 'new_comment'").fetchone()
        self.notice = self.rows.add(
            "notifications", user_id=self.people["ada"], event_id=event[0] if event else 0, actor_id=self.people["ben"],
            url=f"/d/{self.keys['Which oven?']}/which-oven/1",
            translation_values={"name": "Ben Okri", "title": "Which oven?"},
        )  # fmt: skip

    def _files(self) -> None:
        self.file("picture.png", PICTURE, "image/png", "Discussion", self.threads["Which oven?"], "files")
        self.file(
            "minutes.txt", b"We met, and we decided.\n", "text/plain", "Comment", self.deep.first_comment, "files"
        )
        self.file("logo.png", PICTURE, "image/png", "Group", self.groups["Bakers"], "logo")
        self.file("face.png", PICTURE, "image/png", "User", self.people["ben"], "uploaded_avatar")
        self.rows.connection.execute(
            "UPDATE public.users SET avatar_kind = 'uploaded' WHERE username IN ('ben', 'chi')"
        )
        self.file("nobody-wants-it.txt", b"unused", "text/plain")

    def file(self, name: str, data: bytes, kind: str, record: str = "", record_id: int = 0, role: str = "") -> int:
        """A file with its row, what it is attached to, and its bytes where those are wanted."""
        key = hashlib.sha256(name.encode()).hexdigest()[:28]
        self.blobs[name] = key
        blob = self.rows.add(
            "active_storage_blobs", key=key, filename=name, content_type=kind, byte_size=len(data), service_name="local",
            metadata='{"identified":true,"analyzed":true}',
            checksum=base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        )  # fmt: skip
        if record:
            self.rows.add("active_storage_attachments", name=role, record_type=record, record_id=record_id, blob_id=blob,
                          group_id=self.groups["Bakers"])  # fmt: skip
        if self.storage is not None:
            place = self.storage / key[:2] / key[2:4] / key
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return blob

    def _sundries(self) -> None:
        bakers, ada = self.groups["Bakers"], self.people["ada"]
        self.rows.add("tags", group_id=bakers, name="ovens", color="#656565", taggings_count=1, org_taggings_count=1)
        self.rows.add("versions", item_type="Discussion", item_id=self.deep.id, event="update", whodunnit=ada,
                      object_changes={"title": ["Oven?", "Which oven?"]})  # fmt: skip
        self.rows.add("translations", translatable_type="Discussion", translatable_id=self.deep.id, language="de",
                      fields='"title"=>"Welcher Ofen?"')  # fmt: skip
        task = self.rows.add("tasks", record_type="Comment", record_id=self.deep.first_comment, author_id=ada, uid=1,
                             name="Measure the door", done=False, due_on=self.rows.moment.date())  # fmt: skip
        self.rows.add("tasks_users", task_id=task, user_id=ada)
        self.rows.add("omniauth_identities", user_id=ada, email="ada@example.org", identity_type="google", uid="1",
                      name="Ada", custom_fields={})  # fmt: skip
        self.rows.add("chatbots", kind="webhook", webhook_kind="slack", server="https://chat.example.org/hook",
                      name="Chat", author_id=ada, group_id=bakers, event_kinds=["new_discussion"])  # fmt: skip
        self.rows.add("poll_unsubscriptions", poll_id=self.polls["A poll"], user_id=self.people["ben"])
        self.rows.add("partition_sequences", key="discussions_sequence_id", id=self.deep.id, counter=self.deep.sequence)
        self.rows.add("pg_search_documents", content="Which oven?", searchable_type="Discussion",
                      searchable_id=self.deep.id, discussion_id=self.deep.id, group_id=bakers, author_id=ada)  # fmt: skip
        for thread in (self.deep, *Thread.made_by(self.rows)):
            thread.count()
        self.rows.connection.execute(COUNT_GROUPS)

    def _everything(self) -> None:
        """A row in each table that has none yet, with something in every column."""
        ids = {
            "user_id": self.people["ada"], "author_id": self.people["ada"], "group_id": self.groups["Bakers"],
            "actor_id": self.people["ada"], "record_id": self.deep.id, "resource_owner_id": self.people["ada"],
            "creator_id": self.people["ada"],
        }  # fmt: skip
        for table, columns in self.rows.tables.items():
            some = self.rows.connection.execute(f'SELECT 1 FROM public."{table}" LIMIT 1').fetchone()
            if some is None:
                self.rows.fill(table, **{name: value for name, value in ids.items() if name in columns})


COUNT = """
WITH st AS (SELECT * FROM public.stances WHERE poll_id = %(poll)s AND latest AND revoked_at IS NULL),
given AS (
  SELECT c.poll_option_id AS id, sum(c.score) AS total, count(DISTINCT st.id) AS voters,
         coalesce(jsonb_object_agg(st.participant_id, c.score) FILTER (WHERE st.participant_id IS NOT NULL), '{}') AS scores
  FROM st JOIN public.stance_choices c ON c.stance_id = st.id GROUP BY 1),
counted AS (
  UPDATE public.poll_options o SET total_score = g.total, voter_count = g.voters,
         voter_scores = CASE WHEN %(anonymous)s THEN '{}' ELSE g.scores END
  FROM given g WHERE g.id = o.id RETURNING o.id)
UPDATE public.polls p SET voters_count = (SELECT count(*) FROM st),
  undecided_voters_count = (SELECT count(*) FROM st WHERE cast_at IS NULL),
  stance_counts = (SELECT coalesce(jsonb_agg(coalesce(g.total, 0) ORDER BY o.priority, o.id), '[]')
                   FROM public.poll_options o LEFT JOIN given g ON g.id = o.id WHERE o.poll_id = p.id)
WHERE p.id = %(poll)s
"""
COUNT_GROUPS = """
UPDATE public.groups g SET
  memberships_count = (SELECT count(*) FROM public.memberships m
                       WHERE m.group_id = g.id AND m.revoked_at IS NULL),
  pending_memberships_count = (SELECT count(*) FROM public.memberships m
                               WHERE m.group_id = g.id AND m.accepted_at IS NULL AND m.revoked_at IS NULL),
  admin_memberships_count = (SELECT count(*) FROM public.memberships m
                             WHERE m.group_id = g.id AND m.admin AND m.accepted_at IS NOT NULL AND m.revoked_at IS NULL),
  discussions_count = (SELECT count(*) FROM public.discussions d WHERE d.group_id = g.id AND d.discarded_at IS NULL),
  open_discussions_count = (SELECT count(*) FROM public.discussions d
                            WHERE d.group_id = g.id AND d.discarded_at IS NULL AND d.closed_at IS NULL),
  closed_discussions_count = (SELECT count(*) FROM public.discussions d
                              WHERE d.group_id = g.id AND d.discarded_at IS NULL AND d.closed_at IS NOT NULL)
"""
