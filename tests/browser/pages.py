"""Which pages are looked at in the browser, and which are not, with the reason.

A word in capitals stands for what only a running site knows: see `places` in test_axe.py, and `SHAPES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SIGNED_OUT = (
    "/sign_in",
    "/sign_up",
    "/no/such/page",
    "/styleguide",
    "/contact",
    "/explore",
    "/sunrise",
    "/setup/TOKEN",
    "INVITATION",
    "JOIN",
    "UNSUBSCRIBE",
    "UNSUBSCRIBE/catch_up",
    "UNSUBSCRIBE/group/1",
)
MEMBER = (
    "/dashboard",
    "/inbox",
    "/threads?group_id=ID",
    "/notifications",
    "/email_preferences",
    "/contact",
    "/welcome",
    "/profile",
    "/profile/security",
    "/profile/deactivate",
    "/profile/delete",
    "/profile/merge",
    "MERGE",
    "/u/priyaraman",
    "/u/priyaraman/contact",
    "/search",
    "/search?q=oven",
    "/explore",
    "/g/new",
    "/d/new",
    "/p/new",
    "/sunrise",
    "GROUP",
    "GROUP/polls",
    "GROUP/members",
    "GROUP/invite",
    "GROUP/edit",
    "GROUP/settings",
    "GROUP/volume",
    "GROUP/my_address",
    "GROUP/pictures",
    "GROUP/export",
    "GROUP/delete",
    "GROUP/tags",
    "GROUP/emails",
    "GROUP/integrations",
    "GROUP/integrations/new",
    "INTEGRATION",
    "INTEGRATION/edit",
    "THREAD",
    "ROOT/edit",
    "ROOT/history",
    "ROOT/people",
    "ROOT/reply",
    "ROOT/volume",
    "/threads/KEY/move",
    "COMMENT/edit",
    "COMMENT/history",
    "POLL",
    "BALLOT/edit",
    "BALLOT/voters",
    "BALLOT/receipts",
    "BALLOT/remind",
    "BALLOT/thread",
    "CLOSED/reopen",
    "CLOSED/outcome",
    "OUTCOME/edit",
    "/p/new?poll_type=proposal&group_id=ID",
    "/p/new?poll_type=poll&group_id=ID",
    "/p/new?poll_type=score&group_id=ID",
    "/dev/mail",
    "MAIL",
)
ADMIN = (
    "/admin",
    "/admin/users",
    "/admin/users/1",
    "/admin/users/1/merge",
    "/admin/users/2/destroy",
    "/admin/groups",
    "/admin/settings",
    "/admin/jobs",
    "/admin/jobs/dead",
    "/admin/deliveries",
    "/admin/mails",
    "/admin/mails/test",
    "/admin/plugins",
    "/admin/features",
    "/admin/imports",
    "WORK",
)
SHAPES = {
    "GROUP": "/g/aB3dE6gH",
    "ROOT": "/d/aB3dE6gH",
    "THREAD": "/d/aB3dE6gH/an-oven",
    "BALLOT": "/p/aB3dE6gH",
    "CLOSED": "/p/aB3dE6gH",
    "POLL": "/p/aB3dE6gH/an-oven",
    "COMMENT": "/comments/1",
    "OUTCOME": "/outcomes/1",
    "INTEGRATION": "/integrations/1",
    "MERGE": "/profile/merge/token",
    "MAIL": "/dev/mail/key",
    "WORK": "/work/1",
    "INVITATION": "/invitations/token",
    "JOIN": "/join/group/token",
    "UNSUBSCRIBE": "/unsubscribe/token",
}
"""What the words look like in an address."""
REFUSED = ("/no/such/page", "/setup/TOKEN")
"""Pages that may answer with a refusal: the link of the first administrator may have been used already."""
STEPS = ("accounts.code", "accounts.link")
"""Routes that are seen on the way in: a mail has to be asked for first."""
LEADS_ON = "answers by leading to another page"
PART = "a part of a page that is looked at"
NO_PAGE = "is no page"
OTHERWISE = {
    "home": LEADS_ON,
    "comments.show": LEADS_ON,
    "discussions.deep": LEADS_ON,
    "discussions.short": LEADS_ON,
    "discussions.unread": LEADS_ON,
    "notifications.open": LEADS_ON,
    "polls.ballot": LEADS_ON,
    "polls.short": LEADS_ON,
    "search.item": LEADS_ON,
    "integrations.test": LEADS_ON,
    "discussions.items": PART,
    "discussions.item": PART,
    "notifications.menu": PART,
    "polls.card": PART,
    "polls.votes": PART,
    "admin.jobs_json": NO_PAGE,
    "admin.plugins_json": NO_PAGE,
    "discussions.mentions": NO_PAGE,
    "discussions.seen": NO_PAGE,
    "files.rails": NO_PAGE,
    "files.rails_preview": NO_PAGE,
    "files.show": NO_PAGE,
    "health": NO_PAGE,
    "live.session": NO_PAGE,
    "mail.source": NO_PAGE,
    "polls.export": NO_PAGE,
    "robots": NO_PAGE,
    "search.api": NO_PAGE,
    "theme": NO_PAGE,
    "up": NO_PAGE,
    "discussions.join": "as INVITATION, for one thread",
    "mail.html": "a mail as it goes out, within the page of that mail",
    "notifications.caught_up": "opened from a summary, of which there is one a day at six: the form is that of UNSUBSCRIBE",
    "groups.request": "the demo has no group whose members are asked to let people in, seen by somebody outside",
}
"""Routes that answer GET and are in no list, each with its reason."""


def filled(path: str, known: Mapping[str, str]) -> str:
    """A path with the words in it replaced."""
    for name, value in known.items():
        path = re.sub(rf"\b{name}\b", value, path)
    return path
