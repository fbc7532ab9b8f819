"""URL → the file it names; 404 where there is none the actor may see."""

from __future__ import annotations

from typing import Any

from llmio.accounts import portraits
from llmio.accounts.models import User
from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import rails, signing
from llmio.files.models import Blob


def blob(request: Any) -> Blob:
    """`/files/{reference}/{filename}`: by id, with permission; or by a signed id, which is the permission."""
    ctx, reference = request.ctx, request.matchdict["reference"]
    signed = "-" in reference
    blob_id = signing.read(ctx, reference) if signed else int(reference) if len(reference) < 19 else None
    found = ctx.db.get(Blob, blob_id) if blob_id is not None else None
    if found is not None and (signed or ctx.can(Permission.FILE_SHOW, found)):
        return found
    if ctx.actor is None and not signed:
        raise SignInNeeded(_("Please sign in first."))
    raise NotFound(_("There is no such file, or it is not for you to see."))


def pictured(request: Any) -> User:
    """`/users/{id}/picture?v=…`: the person whose picture of this version may be seen; the signature in `v` is the permission."""
    user = request.ctx.db.get(User, int(request.matchdict["id"]))
    if user is None or not portraits.is_given(request.app, user.id, user.picture, request.params.get("v", "")):
        raise NotFound(_("There is no such file, or it is not for you to see."))
    return user


def rails_blob(request: Any) -> Blob:
    """`/rails/active_storage/…/{signed}/…`: by an address from the reference's time, which is the permission."""
    blob_id = rails.read(request.ctx, request.matchdict["signed"])
    found = request.ctx.db.get(Blob, blob_id) if blob_id is not None else None
    if found is None:
        raise NotFound(_("There is no such file, or it is not for you to see."))
    return found
