"""The one-time link that makes the first visitor an administrator."""

from __future__ import annotations

import hmac
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from llmio.accounts import queries
from llmio.accounts.service import people
from llmio.core import audit
from llmio.core.errors import NotFound
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.app import App
    from llmio.core.context import Context

FILE = "setup-token"


def _file(app: App) -> Path:
    return Path(app.settings.text("llmio.data")) / FILE


def link_works(app: App, token: str) -> bool:
    """Whether a token is the one in the data folder."""
    with suppress(OSError, UnicodeDecodeError):
        kept = _file(app).read_text().strip()
        return bool(kept) and hmac.compare_digest(kept.encode(), token.encode())
    return False


def set_up(ctx: Context, token: str, *, name: str, email: str, password: str | None = None) -> User:
    """Make the bearer of the token an administrator; the token is gone then.

    Raises NotFound where it was used before. Renaming the file decides between two who come at once; it is put back if
    the transaction fails.
    """
    file = _file(ctx.app)
    taken = file.with_name(f"{FILE}.taken")
    if not link_works(ctx.app, token):
        raise NotFound(_("This link was used already, or is not complete."))
    try:
        file.rename(taken)
    except FileNotFoundError:
        raise NotFound(_("This link was used already, or is not complete.")) from None

    def done(committed: bool) -> None:  # noqa: FBT001  # the hook's signature
        with suppress(FileNotFoundError):
            if committed:
                taken.unlink()
            else:
                taken.rename(file)

    current = ctx.tm.get()
    current.addAfterCommitHook(done)
    current.addAfterAbortHook(lambda: done(committed=False))
    user = queries.by_email(ctx.db, email) or people.find_or_invite(ctx, email)
    people.complete(ctx, user, name=name)
    user.name = people.check_name(ctx, name)
    people.fill_in(ctx, user)
    user.deactivated_at = user.deactivator_id = None
    user.is_admin = True
    if password:
        people.set_password_of(ctx, user, password)
    ctx.db.flush()
    audit.note(ctx, "site.set_up", user)
    people.tell(ctx, people.SET_UP, user)
    return user
