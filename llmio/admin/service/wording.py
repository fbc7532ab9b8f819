"""Administrators' acts in words: who did what to whom, and what changed from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmio.accounts.models import User
from llmio.core.audit import AuditEntry
from llmio.core.i18n import Lazy, _

KINDS: Mapping[str, Any] = {
    "user": _("People"),
    "site": _("The site"),
    "features": _("Switches"),
    "plugins": _("Plugins"),
    "group": _("Groups"),
    "member": _("Members"),
    "request": _("Requests to join"),
    "thread": _("Threads"),
    "comment": _("Comments"),
    "poll": _("Polls"),
    "tag": _("Tags"),
    "integration": _("Integrations"),
    "mail": _("Mail"),
    "job": _("Jobs"),
}
"""What an act is about: the word before the dot of its name."""
SENTENCES: Mapping[str, Lazy] = {
    "user.create": _("{who} made an account for {whom}"),
    "user.create_admin": _("{who} made an account for {whom}, as an administrator of the site"),
    "user.make_admin": _("{who} made {whom} an administrator of the site"),
    "user.remove_admin": _("{who} made {whom} an ordinary person; before, an administrator of the site"),
    "user.deactivate": _("{who} closed the account of {whom}"),
    "user.reactivate": _("{who} opened the account of {whom} again"),
    "user.sign_out": _("{who} signed {whom} out everywhere"),
    "user.send_link": _("{who} sent {whom} a sign-in link"),
    "user.print_link": _("{who} had a sign-in link of {whom} printed"),
    "user.set_password": _("{who} set the password of {whom}"),
    "user.merge": _("{who} had another account merged into that of {whom}"),
    "user.redact": _("{who} had the account of {whom} deleted"),
    "user.destroy": _("{who} had the account of {whom} destroyed"),
    "site.set_up": _("{whom} became an administrator by the link of the first start"),
    "site.import": _("{who} imported groups from a file"),
    "features.switch": _("{who} changed a switch"),
    "plugins.switch": _("{who} switched plugin {what}"),
    "plugins.purge": _("{who} deleted all that plugin {what} kept"),
    "group.update": _("{who} changed what the group is"),
    "group.settings": _("{who} changed what members may do"),
    "group.pictures": _("{who} changed the pictures of the group"),
    "group.archive": _("{who} archived the group"),
    "group.unarchive": _("{who} brought the group back"),
    "group.destroy": _("{who} had the group deleted"),
    "group.export": _("{who} exported the group"),
    "group.join_link": _("{who} made a new join link; the old one no longer works"),
    "member.make_admin": _("{who} made {whom} an admin of the group"),
    "member.remove_admin": _("{who} made {whom} an ordinary member; before, an admin of the group"),
    "member.remove": _("{who} removed {whom} from the group, or took the invitation back"),
    "request.approved": _("{who} let {whom} in, who asked to join"),
    "request.ignored": _("{who} did not let {whom} in, who asked to join"),
    "thread.move_items": _("{who} moved comments or polls of {what} to another thread"),
    "thread.move": _("{who} moved {what} to another group"),
    "thread.repair": _("{who} had {what} put in order"),
    "thread.discard": _("{who} deleted {what} of {whom}"),
    "thread.make_admin": _("{who} let {whom} lead {what}"),
    "thread.remove_admin": _("{who} no longer lets {whom} lead {what}"),
    "thread.remove_guest": _("{who} removed {whom} as a guest from {what}"),
    "comment.discard": _("{who} removed {what} of {whom} from view"),
    "comment.restore": _("{who} brought {what} of {whom} back"),
    "comment.destroy": _("{who} deleted {what} of {whom} for good"),
    "poll.discard": _("{who} deleted {what} of {whom}"),
    "poll.recount": _("{who} had the votes of {what} counted anew"),
    "poll.make_admin": _("{who} let {whom} lead {what}"),
    "poll.remove_admin": _("{who} no longer lets {whom} lead {what}"),
    "poll.remove_voter": _("{who} took {whom} out of those who may vote in {what}"),
    "poll.remove_guest": _("{who} showed {whom} out, who was sent the outcome of {what}"),
    "tag.add": _("{who} made the tag {what}"),
    "tag.change": _("{who} changed the tag {what}"),
    "tag.remove": _("{who} removed the tag {what} everywhere"),
    "integration.connect": _("{who} connected a channel"),
    "integration.change": _("{who} changed a channel"),
    "integration.remove": _("{who} disconnected a channel"),
    "integration.new_secret": _("{who} gave a channel a new secret"),
    "integration.end_old_secrets": _("{who} ended the old secrets of a channel"),
    "mail.allow": _("{who} posted a mail that waited, as one of {whom}, whose the sender's address is from now on"),
    "mail.block": _("{who} blocked the sender of a mail that waited"),
    "mail.delete": _("{who} deleted a mail that waited"),
    "mail.forget_sender": _("{who} took back what was decided about a sender"),
    "mail.lift": _("{who} let mail go to an address again that had bounced or complained"),
    "job.discard": _("{who} deleted jobs that were given up"),
}
"""Act → what is said of it; a test holds that each act has one."""
LABELS: Mapping[str, Any] = {
    "name": _("Name"),
    "handle": _("Address"),
    "description": _("Description"),
    "request_to_join_prompt": _("What is asked of those who want to join"),
    "group_privacy": _("Privacy"),
    "membership_granted_upon": _("How one joins"),
    "private_threads": _("All threads are private"),
    "listed_in_explore": _("Listed among public groups"),
    "color": _("Colour"),
    "members_can_add_members": _("Members invite people"),
    "members_can_add_guests": _("Members invite guests"),
    "members_can_announce": _("Members notify the whole group"),
    "members_can_create_subgroups": _("Members start subgroups"),
    "members_can_start_discussions": _("Members start threads"),
    "members_can_raise_motions": _("Members start polls"),
    "members_can_edit_discussions": _("Members edit any thread"),
    "members_can_edit_comments": _("Members edit their comments"),
    "members_can_delete_comments": _("Members delete their comments"),
    "admins_can_edit_user_content": _("Admins edit what others wrote"),
}
VALUES: Mapping[Any, Any] = {
    True: _("on"),
    False: _("off"),
    None: _("not set"),
    "": _("empty"),
    "open": _("open"),
    "closed": _("closed"),
    "secret": _("secret"),
    "request": _("anybody joins"),
    "approval": _("admins let people in"),
    "invitation": _("by invitation"),
}
THINGS: Mapping[str, Any] = {
    "Discussion": _("a thread"),
    "Comment": _("a comment"),
    "Poll": _("a poll"),
    "Stance": _("a vote"),
}


@dataclass(frozen=True)
class Change:
    """What something was and became; only that it changed where the values are not kept."""

    label: Any
    before: Any = None
    after: Any = None
    shown: bool = True


@dataclass(frozen=True)
class Known:
    """What the rows on a page name: people, and titles of what the reader may see, by (type, id)."""

    people: Mapping[int, User]
    titles: Mapping[tuple[str, int], str] = field(default_factory=dict)


def person(known: Known, user_id: int | None) -> Any:
    """Somebody's name, set apart from text of the other direction."""
    found = known.people.get(user_id or 0)
    name = (found.name or found.username) if found is not None else None
    return f"\u2068{name}\u2069" if name else _("somebody")


def whom(entry: AuditEntry) -> int | None:
    """The person an act was done to."""
    if entry.subject_type == "User":
        return entry.subject_id
    details = _details(entry)
    found = details.get("user_id") or details.get("author_id")
    return found if type(found) is int else None


def sentence(entry: AuditEntry, known: Known) -> Lazy | str:
    """The act in a sentence; the name of an act that an older or newer version wrote stands for itself."""
    words = SENTENCES.get(entry.act)
    if words is None:
        return entry.act
    who = person(known, entry.actor_id) if entry.actor_id else _("The operator of the site")
    return Lazy(words.text, {"who": who, "whom": person(known, whom(entry)), "what": _thing(entry, known)})


def _thing(entry: AuditEntry, known: Known) -> Any:
    details = _details(entry)
    named = details.get("name") or details.get("key")
    title = known.titles.get((entry.subject_type, entry.subject_id or 0)) or named
    return f"“\u2068{title}\u2069”" if title else THINGS.get(entry.subject_type, "")


def changes(entry: AuditEntry, names: Mapping[str, str]) -> list[Change]:
    """From what to what; `names` are those of switches, by key. Nothing of a row whose details were not written here."""
    try:
        return _changes(entry, _details(entry), names)
    except (AttributeError, TypeError):
        return []


def _details(entry: AuditEntry) -> Mapping[str, Any]:
    """A row that was changed behind our back may hold anything."""
    return entry.details if isinstance(entry.details, dict) else {}


def _changes(entry: AuditEntry, details: Mapping[str, Any], names: Mapping[str, str]) -> list[Change]:
    found = [
        Change(LABELS.get(name, name), *map(value, values)) if values else Change(LABELS.get(name, name), shown=False)
        for name, values in (details.get("changes") or {}).items()
    ]
    if entry.act.endswith(".switch"):
        key = details.get("key", "")
        found.append(Change(names.get(key, key), value(details.get("before")), value(details.get("after"))))
    if entry.act == "group.export" and details.get("form"):
        found.append(Change(_("As"), after=str(details["form"])))
    if entry.act == "thread.move_items":
        found.append(Change(_("How many"), after=str(len(details.get("items") or ()))))
    if entry.act == "job.discard":
        found.append(Change(str(details.get("job", "")), after=f"{details.get('count', 1)} ×"))
    if entry.act == "user.destroy":
        found.append(Change(_("With all that was written"), after=value(bool(details.get("words")))))
    return found


def value(given: Any) -> Any:
    """A value in words."""
    if given is None or isinstance(given, bool | str):
        return VALUES.get(given, f"\u2068{given}\u2069")
    return str(given)
