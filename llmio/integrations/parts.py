"""What a channel is told of an event, in parts: as much as anyone who may see the group's things may see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmio import mail
from llmio.accounts.models import User
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.discussions.models import Comment, Discussion
from llmio.integrations.prose import prose
from llmio.integrations.tables import chart_of, day, grid_of, is_meeting, label_of, own_grid, secret_vote
from llmio.notifications import texts
from llmio.notifications.subjects import Subject, poll_path
from llmio.plugins.content import Action, Headline, Link, Links, Note, Part, Prose, Quote, Title
from llmio.polls import queries, results
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.values import HideResults, poll_value, single_choice

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.plugins.polls import PollValue

NAMED = 50
"""How many people a message names at most."""


@dataclass
class Telling:
    """An event that is told to somebody who is not signed in, in the language and zone of `reader`."""

    ctx: Context
    event: Event
    subject: Subject
    reader: User | None
    actor: User | None

    @property
    def secret(self) -> bool:
        """Whether it is a vote of which no more may be known than that it was cast."""
        return secret_vote(self.subject)

    @property
    def name(self) -> str:
        """Who acted; nobody for an anonymous vote."""
        poll, vote = self.subject.poll, isinstance(self.subject.record, Stance)
        if self.actor is None or (vote and poll is not None and (poll.anonymous or self.secret)):
            return ""
        return self.actor.name or ""

    def url(self, path: str, **query: Any) -> str:
        """An address of this site that says how one came."""
        return absolute(
            self.ctx.app.settings, path, utm_medium="webhook", utm_campaign=self.event.kind or None, **query
        )

    def moment(self, value: datetime | None) -> str:
        """A time on the reader's clock."""
        return mail.moment(value, self.reader)

    def prose(self, text: str | None, text_format: str) -> Prose | None:
        """A text somebody wrote."""
        return prose(text, text_format, self.ctx.app.settings)


def parts_of(telling: Telling, *, full: bool) -> tuple[Part, ...]:
    """The message: what happened and where; with `full` also what was written, results, who is waited for."""
    subject = telling.subject
    headline = texts.headline(telling.event.kind or "", actor=telling.name, title=subject.title)
    made: list[Part | None] = [Headline(headline), Title(subject.title, telling.url(subject.path))]
    said = telling.event.custom_fields.get("recipient_message")
    if said:
        made.append(Quote(str(said)))
    if full:
        made += _body(telling)
    return tuple(part for part in made if part is not None)


def _body(telling: Telling) -> list[Part | None]:
    record, poll = telling.subject.record, telling.subject.poll
    if isinstance(record, Stance) and poll is not None:
        return _vote(telling, poll, record)
    if poll is not None:
        return _poll(telling, poll)
    made: list[Part | None] = [telling.prose(telling.subject.text, telling.subject.text_format)]
    if isinstance(record, Discussion | Comment):
        made.append(_files(telling, record))
    if isinstance(record, Discussion):
        made += [_waiting(telling, one, title=one.title) for one in queries.of_discussion(telling.ctx, record.id)]
    return made


# -- votes -----------------------------------------------------------------------------------------------------------------


def _vote(telling: Telling, poll: Poll, stance: Stance) -> list[Part | None]:
    """What somebody chose and why; of a secret vote nothing."""
    if telling.secret:
        return _why_silent(poll)
    value = _value(telling, poll)
    if value is None:
        return []
    scores = {int(key): int(score) for key, score in (stance.option_scores or {}).items()}
    chosen: Part | None
    if is_meeting(value):
        chosen = own_grid(value, scores, telling.reader, telling.actor)
    elif stance.none_of_the_above:
        chosen = Note(str(_("None of the above")), str(_("Choice")))
    else:
        plain = set(scores.values()) <= {1}
        named = [(one.name, scores[one.id]) for one in value.options if one.id in scores]
        said = [name if plain else f"{name}: {score}" for name, score in named]
        chosen = Note(", ".join(said), str(_("Choice"))) if said else None
    return [chosen, telling.prose(stance.reason, stance.reason_format), _files(telling, stance)]


def _why_silent(poll: Poll) -> list[Part | None]:
    if poll.anonymous:
        return [Note(str(_("Votes are anonymous.")))]
    return [_hidden(poll)]


# -- polls and outcomes ------------------------------------------------------------------------------------------------------


def _poll(telling: Telling, poll: Poll) -> list[Part | None]:
    """Outcome, what it is about, how to vote, rules, results, who is waited for."""
    value = _value(telling, poll)
    if value is None:
        return []
    outcome = telling.subject.record if isinstance(telling.subject.record, Outcome) else _outcome_of(telling, poll)
    made: list[Part | None] = []
    if outcome is not None:
        made += _outcome(telling, outcome, value)
    made.append(telling.prose(poll.details, poll.details_format))
    made.append(_files(telling, poll))
    made += _how_to_vote(telling, poll, value)
    made += _rules(value)
    made += _results(telling, poll, value)
    made.append(_waiting(telling, poll))
    return made


def _outcome_of(telling: Telling, poll: Poll) -> Outcome | None:
    return queries.outcomes(telling.ctx, [poll.id]).get(poll.id)


def _outcome(telling: Telling, outcome: Outcome, value: PollValue) -> list[Part | None]:
    """What was decided, when it is looked at again; for a meeting when and where."""
    made: list[Part | None] = [Note(str(_("Outcome"))), telling.prose(outcome.statement, outcome.statement_format)]
    chosen = next((one for one in value.options if one.id == outcome.poll_option_id), None)
    if chosen is not None:
        label = _("When") if is_meeting(value) else _("Decided")
        made.append(Note(label_of(chosen.name, value, telling.reader), str(label)))
    where = (outcome.custom_fields or {}).get("event_location")
    if where:
        made.append(Note(str(where), str(_("Where"))))
    if outcome.review_on:
        made.append(Note(day(outcome.review_on, telling.reader), str(_("To be reviewed"))))
    made.append(_files(telling, outcome))
    return made


def _how_to_vote(telling: Telling, poll: Poll, value: PollValue) -> list[Part | None]:
    made: list[Part | None] = []
    if poll.anonymous:
        made.append(Note(str(_("Votes are anonymous."))))
    if poll.closed_at is not None:
        made.append(Note(telling.moment(poll.closed_at), str(_("Closed"))))
    elif poll.closing_at is None:
        made.append(Note(str(_("This is a draft: votes can be cast once its author opens it."))))
    else:
        made.append(_ballot(telling, poll, value))
        made.append(Note(telling.moment(poll.closing_at), str(_("Vote until"))))
    return made


def _ballot(telling: Telling, poll: Poll, value: PollValue) -> Part:
    """A link for each option where one is picked; else one link."""
    path = poll_path(poll)
    if not single_choice(value):
        return Action(Link(str(_("Vote now")), telling.url(path)))
    options = (
        Link(label_of(one.name, value, telling.reader), telling.url(path, poll_option_id=one.id))
        for one in value.options
    )
    return Links(str(_("Vote")), tuple(options))


def _rules(value: PollValue) -> list[Part | None]:
    """What has to be reached."""
    made: list[Part | None] = []
    quorum = value.setting("quorum_pct")
    if quorum:
        missing = max(0, -(-quorum * value.voters_count // 100) - value.cast_count)
        text = _("{percent} % of those who may vote have to vote.", percent=quorum)
        more = _("Reached.") if not missing else _("Votes missing: {count}.", count=missing)
        made.append(Note(f"{text} {more}", str(_("Quorum"))))
    for one in value.options:
        if one.test_operator and one.test_percent is not None:
            of = _("of those who may vote") if one.test_against == "voter_percent" else _("of the votes")
            bound = _("at least") if one.test_operator == "gte" else _("at most")
            text = _("needs {bound} {percent} % {of}", bound=bound, percent=one.test_percent, of=of)
            made.append(Note(str(text), one.name))
    return made


def _results(telling: Telling, poll: Poll, value: PollValue) -> list[Part | None]:
    """The results as far as anyone may see them, and how many have voted."""
    made: list[Part | None] = []
    if not results.visible_to_everyone(poll):
        made.append(_hidden(poll))
    elif is_meeting(value) and results.voters_nameable(poll):
        made.append(grid_of(telling.ctx, poll, value, telling.reader))
    else:
        profile = results.profiles(telling.ctx, [poll])[poll.id]
        made.append(chart_of(results.tally(telling.ctx, poll, value, profile), value, telling.reader))
    if value.voters_count and poll.closing_at is not None:
        percent = 100 * value.cast_count // value.voters_count
        said = _("{decided} of {all} have voted ({percent} %).")
        made.append(Note(str(said).format(decided=value.cast_count, all=value.voters_count, percent=percent)))
    return made


def _hidden(poll: Poll) -> Note:
    if poll.hide_results == HideResults.UNTIL_VOTE:
        return Note(str(_("Results are hidden until you have voted, or until the poll closes.")))
    return Note(str(_("Results are hidden until the poll closes.")))


def _waiting(telling: Telling, poll: Poll, *, title: str = "") -> Note | None:
    """Who has not voted yet, while votes can be cast and people may be named."""
    open_now = poll.closed_at is None and poll.closing_at is not None and poll.closing_at > telling.ctx.now
    if not open_now or not results.voters_nameable(poll):
        return None
    stances = queries.voters(telling.ctx, poll, undecided=True, limit=NAMED)
    if not stances:
        return None
    names = [_person(stance.participant) for stance in stances]
    more = poll.undecided_voters_count - len(names)
    if more > 0:
        names.append(str(_("and {count} more", count=more)))
    label = _("Waiting for votes in {title}", title=title) if title else _("Waiting for")
    return Note(", ".join(names), str(label))


def _person(user: User | None) -> str:
    if user is None:
        return str(_("someone"))
    if user.username:
        return f"{user.name} ({user.username})" if user.name else user.username
    return user.name or str(_("someone invited"))


def _value(telling: Telling, poll: Poll) -> PollValue | None:
    whole = queries.by_ids(telling.ctx, [poll.id])
    return poll_value(telling.ctx.app, whole[0]) if whole else None


def _files(telling: Telling, record: Any) -> Links | None:
    """What is attached, as links; who follows them has to sign in where the thread wants it."""
    links = tuple(
        Link(str(one.get("filename") or _("file")), absolute(telling.ctx.app.settings, str(one["download_url"])))
        for one in record.attachments or ()
        if isinstance(one, dict) and str(one.get("download_url", "")).startswith("/")
    )
    return Links(str(_("Files")), links) if links else None
