"""What a routed mail becomes: a comment, a thread. Done as the person, through the same services as the pages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from markupsafe import escape

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core import richtext
from llmio.core.context import Context
from llmio.core.errors import Invalid, NotFound
from llmio.core.forms import seen
from llmio.core.i18n import _
from llmio.discussions import service as discussions
from llmio.discussions.models import Comment, Discussion
from llmio.files import service as files
from llmio.files import signing
from llmio.groups.models import Group
from llmio.mail.incoming import html, mime, strip
from llmio.mail.incoming.letter import File, Letter

if TYPE_CHECKING:
    from llmio.files.models import Blob
    from llmio.mail.incoming.addresses import Answer

PREFIX = re.compile(
    r"\A\s*(?:(?:re|fwd?|aw|wg|antw|tr|rv|res|enc|sv|vs|vl|vb|ynt|ilt|odp|pd|fs|i|r|ref|回复|回覆|答复|转发|轉寄|返信|転送|رد|إعادة توجيه|השב|הועבר)"
    r"(?:\[\d+\])?\s*[:：]\s*)+",
    re.IGNORECASE,
)
TITLE = 150
PLACEHOLDER = re.compile(
    r"\[(?:cid:([^\]\s]{1,200})|image: ([^\]\n]{1,200})|(?:inline )?image[: ]*([^\]\n]{0,200}))\]", re.IGNORECASE
)


def acting(ctx: Context, user: User) -> Context:
    """The same transaction, with this person as the one who acts."""
    return Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)


def comment(ctx: Context, user: User, route: Answer, letter: Letter) -> Comment:
    """Post the answer in its thread. Raises what the service raises where that cannot be."""
    discussion = ctx.db.get(Discussion, route.discussion_id)
    if discussion is None or discussion.discarded_at is not None:
        raise NotFound(_("The thread you answered is not there any more."))
    _require_readable(letter)
    as_user = acting(ctx, user)
    words = strip.answer_of(letter)
    kept = html.without_quotes(letter.html) if letter.html else ""
    wanted = [file for file in letter.files if not _is_of_quote(file, letter.html, kept)]
    if not words.strip() and not wanted:
        raise Invalid(_("There was no text of yours above the mail that you answered."))
    blobs = store(as_user, wanted)
    body, extra = _cut(as_user, _with_images(as_user, words, blobs), "md")
    attachments = [blob.id for _file, blob in blobs] + extra
    parent = (route.parent_type, route.parent_id) if route.parent_type else None
    try:
        return discussions.add_comment(as_user, discussion, body=body, parent=parent, attachments=attachments)
    except (NotFound, Invalid):
        if parent is None:
            raise
        # What was answered is gone; the words belong to the thread all the same.
        return discussions.add_comment(as_user, discussion, body=body, attachments=attachments)


def thread(ctx: Context, user: User, group: Group, letter: Letter) -> Discussion:
    """Start a thread in a group with the whole mail. Raises what the service raises where that cannot be."""
    _require_readable(letter)
    as_user = acting(ctx, user)
    blobs = store(as_user, letter.files)
    addresses = {file.cid: signing.url(as_user, blob) for file, blob in blobs if file.cid}
    if letter.html.strip():
        format, text = "html", tidy(html.with_pictures(html.regular(letter.html), addresses))
    else:
        format, text = "md", "\n".join(line.rstrip() for line in strip.without_mark(letter.text).split("\n")).strip()
    body, extra = _cut(as_user, text, format)
    return discussions.start_discussion(
        as_user,
        group,
        title=title_of(letter.subject),
        description=body,
        description_format=format,
        private=group.discussion_privacy_options != "public_only",
        attachments=[blob.id for _file, blob in blobs] + extra,
    )


def _require_readable(letter: Letter) -> None:
    if letter.encrypted:
        raise Invalid(
            _(
                "This mail is encrypted, and this site has no key to read it. It has to be sent again without encryption."
            )
        )
    if letter.cut:
        raise Invalid(
            _("This mail has more than {count} parts. Please send fewer files at once.", count=mime.MOST_PARTS)
        )


def title_of(subject: str) -> str:
    """A title from a subject: without `Re:` and `Fwd:`, not too long."""
    words = " ".join(PREFIX.sub("", seen(subject), count=1).split()) or str(_("Mail without a subject"))
    return words if len(words) <= TITLE else words[: TITLE - 1].rstrip() + "…"


def tidy(page: str) -> str:
    """HTML of a mail as our texts have it: tables that only arrange become lines, empty paragraphs go."""
    layout = re.sub(
        r"</?(?:table|tbody|thead|tr|td|th)\b[^>]*>", lambda tag: _plain_cell(tag.group()), page, flags=re.IGNORECASE
    )
    cleaned = richtext.clean(layout if _is_layout(page) else page, "html")
    return re.sub(r"(?:<p>(?:\s|&nbsp;|<br>)*</p>\s*){2,}", "<p></p>", cleaned)


def _is_layout(page: str) -> bool:
    """Tables within tables arrange; one of its own holds rows that are meant."""
    return bool(re.search(r"<table\b[^>]*>(?:(?!</table).)*<table\b", page, re.IGNORECASE | re.DOTALL))


def _plain_cell(tag: str) -> str:
    return "<br>" if tag.lower().startswith(("</tr", "</table")) else " "


def store(ctx: Context, wanted: Iterable[File]) -> list[tuple[File, Blob]]:
    """Files of a mail into storage, as their sender's."""
    made = []
    for file in wanted:
        with file.open() as stream:
            made.append((file, files.store(ctx, filename=file.name, stream=stream)))
    return made


def _is_of_quote(file: File, whole: str, kept: str) -> bool:
    """A picture that stands within the quoted mail or the signature alone."""
    return bool(file.cid) and file.cid in html.cids_of(whole) and file.cid not in html.cids_of(kept)


def _with_images(ctx: Context, words: str, blobs: list[tuple[File, Blob]]) -> str:
    """Marks that mail programs put for pictures in plain text become the pictures."""
    left = {id(blob): (file, blob) for file, blob in blobs if (blob.content_type or "").startswith("image/")}

    def shown(found: re.Match[str]) -> str:
        cid, name, other = found.groups()
        for key, (file, blob) in left.items():
            if (
                (cid and file.cid == cid)
                or (name and file.name == name.strip())
                or (other and file.name == other.strip())
            ):
                del left[key]
                return f"![{escape(blob.filename.translate(MARKS))}]({signing.url(ctx, blob)})"
        return found.group()

    return PLACEHOLDER.sub(shown, words)


MARKS = str.maketrans("", "", "[]()!\\`*_<>")


def _cut(ctx: Context, text: str, format: str) -> tuple[str, list[int]]:
    """A text that is not too long; of one that is, its beginning, and a file with all of it."""
    limit = ctx.app.settings.number("text.max_length")
    if richtext.visible_length(richtext.clean(text, format), format) <= limit:
        return text, []
    plain = richtext.plain(text, format) if format == "html" else text
    whole = files.store(ctx, filename="mail.txt", stream=io.BytesIO(plain.encode()))
    shortened = plain[: limit - 200].rstrip() + "…"
    if format == "html":
        shortened = "".join(f"<p>{escape(line)}</p>" for line in shortened.split("\n"))
    return shortened, [whole.id]
