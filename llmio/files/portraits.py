"""A person's own picture: an attachment of the user under the name `uploaded_avatar`, as in the reference.

`users.avatar_kind` says that it is shown, and `uploaded_avatar_updated_at` is its version; the other columns of that name,
of a time before attachments, are emptied with what they named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from llmio.accounts.models import INITIALS, UPLOADED, User
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import jobs, pictures, previews, queries, service, storages
from llmio.files.models import Attachment, Blob

if TYPE_CHECKING:
    from sqlalchemy import Select

    from llmio.core.context import Context

NAME: Final = "uploaded_avatar"
TYPES: Final = pictures.TYPES
MAX_BYTES: Final = 8 << 20
"""What a telephone's camera gives; others are given its small form alone."""
_OLD: Final = ("uploaded_avatar_file_name", "uploaded_avatar_content_type", "uploaded_avatar_file_size")


def change(ctx: Context, user: User, *, upload: Any = None, remove: bool = False) -> Blob | None:
    """Put a picture in the place of the one there is, or go back to initials; the new one. Raises Invalid where it is none."""
    ctx.require(Permission.USER_UPDATE, user)
    new = None
    if getattr(upload, "filename", None) and not remove:
        size = upload.file.seek(0, 2)
        upload.file.seek(0)
        if size > MAX_BYTES:
            raise Invalid.at("picture", _("This picture is too large: at most {size} MB.", size=MAX_BYTES >> 20))
        new = service.store(ctx, filename=upload.filename, stream=upload.file, only=TYPES, field="picture")
    elif not remove:
        raise Invalid.at("picture", _("Please choose a picture."))
    drop(ctx, user)
    if new is not None:
        _give(ctx, user, new)
        ctx.enqueue(jobs.preview, "Blob", new.id, previews.LOGO)
    ctx.changed(user)
    return new


def drop(ctx: Context, user: User) -> None:
    """Back to initials; the picture is removed with its small forms, unless something else uses it."""
    for attachment, blob in ctx.db.execute(_there(user.id)).all():
        ctx.db.delete(attachment)
        ctx.db.flush()
        if not queries.uses(ctx, blob.id):
            gone = service.forget(ctx, blob)
            ctx.tm.get().addAfterCommitHook(_remove, args=(ctx, gone))
    user.avatar_kind = INITIALS
    user.uploaded_avatar_updated_at = None
    for column in _OLD:
        setattr(user, column, None)
    ctx.db.flush()


def hand_over(ctx: Context, source: User, target: User) -> None:
    """Where two accounts become one, the picture of the one that goes serves the other, if that has none."""
    theirs = current(ctx, source.id)
    if theirs is not None and source.avatar_kind == UPLOADED and current(ctx, target.id) is None:
        _give(ctx, target, theirs)
    drop(ctx, source)


def current(ctx: Context, user_id: int) -> Blob | None:
    """The picture of a person, whether or not it is shown."""
    return ctx.db.scalars(_there(user_id).with_only_columns(Blob).limit(1)).one_or_none()


def _there(user_id: int) -> Select[Attachment, Blob]:
    return (
        select(Attachment, Blob)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(Attachment.record_type == "User", Attachment.record_id == user_id, Attachment.name == NAME)
        .order_by(Attachment.id.desc())
    )


def _give(ctx: Context, user: User, blob: Blob) -> None:
    ctx.db.add(Attachment(name=NAME, record_type="User", record_id=user.id, blob_id=blob.id, created_at=ctx.now))
    user.avatar_kind = UPLOADED
    user.uploaded_avatar_updated_at = ctx.now
    ctx.db.flush()


def _remove(committed: bool, ctx: Context, gone: list[tuple[str, str]]) -> None:  # noqa: FBT001  # the hook's signature
    """The bytes; what is left by a crash is swept at night."""
    if committed:
        for storage, key in gone:
            storages.named(ctx.app, storage).delete(key)
