"""Pages about who is in a group: members, invitations, requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import door
from llmio.accounts import service as accounts
from llmio.core.errors import NotFound
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.groups import membership as acts
from llmio.groups import queries, subgroups
from llmio.groups.forms import AcceptForm, InviteForm, MemberForm, RequestForm
from llmio.groups.models import Group, Membership, MembershipRequest
from llmio.groups.views import frame

MEMBERS = "llmio:web/templates/groups/members.jinja2"
INVITE = "llmio:web/templates/groups/invite.jinja2"
TITLE = "llmio:web/templates/groups/title.jinja2"
ASK = "llmio:web/templates/groups/request.jinja2"
INVITATION = "llmio:web/templates/groups/invitation.jinja2"
PAGE_SIZE = 50
View = Mapping[str, Any]


@view_config(route_name="groups.members", renderer=MEMBERS, permission=Permission.GROUP_SEE_PRIVATE)
def members(group: Group, request: Any) -> View:
    """Who is in the group, who is invited, who asks to join."""
    ctx = request.ctx
    if not ctx.can(Permission.GROUP_SEE_MEMBERS, group):
        raise NotFound(_("The members are shown to members alone."))
    search = request.params.get("q", "").strip()
    asked = request.params.get("page", "1")
    page = max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1
    found = queries.members(ctx, group, search=search, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)
    may_see_pending = ctx.can(Permission.GROUP_VIEW_PENDING, group)
    return {
        **frame(group, request),
        "members": found[:PAGE_SIZE],
        "more": len(found) > PAGE_SIZE,
        "page": page,
        "q": search,
        "pending": queries.pending(ctx, group) if may_see_pending else [],
        "requests": queries.requests(ctx, group) if ctx.can(Permission.GROUP_MANAGE_REQUESTS, group) else [],
    }


@view_config(route_name="groups.invite", renderer=INVITE, permission=Permission.GROUP_ADD_MEMBERS)
def invite(group: Group, request: Any) -> View:
    """The form to invite people."""
    return {
        **frame(group, request),
        "join_url": request.link("groups.join_by_link", token=group.token or "-"),
        "others": subgroups.to_ask(request.ctx, group),
        "values": {"message": request.app.settings.text("theme.invitation")},
    }


@view_config(
    route_name="groups.invite", renderer=INVITE, request_method="POST", permission=Permission.GROUP_ADD_MEMBERS
)
@form_view(invite)
def send_invitations(group: Group, request: Any) -> Any:
    """Invite them."""
    form = parse(InviteForm, request.POST)
    made = acts.invite(request.ctx, group, emails=form.emails, user_ids=form.user_ids, message=form.message)
    if made:
        text = ngettext("{count} invitation is on its way.", "{count} invitations are on their way.", len(made))
        request.flash("success", text)
    else:
        request.flash("info", _("All of them are members already, or have an invitation waiting."))
    return request.see_other("groups.members", key=group.key)


@view_config(route_name="groups.join_link", request_method="POST", permission=Permission.GROUP_UPDATE)
def reset_join_link(group: Group, request: Any) -> Any:
    """Replace the join link."""
    acts.reset_join_link(request.ctx, group)
    request.flash("success", _("The old link no longer works. Here is the new one."))
    return request.see_other("groups.invite", key=group.key)


@view_config(route_name="groups.join", request_method="POST", permission=Permission.GROUP_JOIN)
def join(group: Group, request: Any) -> Any:
    """Join a group that lets anyone in."""
    acts.join(request.ctx, group)
    request.flash("success", _("Welcome to {name}.", name=group.name))
    return request.see_other("groups.show", key=group.key)


@view_config(route_name="groups.request", renderer=ASK, permission=Permission.GROUP_REQUEST_MEMBERSHIP)
def ask(group: Group, request: Any) -> View:
    """The form to ask to join."""
    return frame(group, request)


@view_config(
    route_name="groups.request", renderer=ASK, request_method="POST", permission=Permission.GROUP_REQUEST_MEMBERSHIP
)
@form_view(ask)
def send_request(group: Group, request: Any) -> Any:
    """Ask."""
    form = parse(RequestForm, request.POST)
    acts.request_membership(request.ctx, group, introduction=form.introduction)
    request.flash("success", _("Your request was sent to the admins of {name}.", name=group.name))
    return request.see_other("groups.show", key=group.key)


@view_config(route_name="groups.answer", request_method="POST", permission=Permission.SIGNED_IN)
def answer(asked: MembershipRequest, request: Any) -> Any:
    """Let someone in, or not."""
    approve = request.matchdict["answer"] == "approve"
    acts.answer_request(request.ctx, asked, approve=approve)
    name = asked.requestor.name if asked.requestor else asked.name
    request.flash("success", _("{name} is a member now.", name=name) if approve else _("The request was put aside."))
    return request.see_other("groups.members", key=asked.group.key)


@view_config(route_name="groups.leave", request_method="POST", permission=Permission.GROUP_SHOW)
def leave(group: Group, request: Any) -> Any:
    """Leave the group."""
    mine = queries.membership_of(request.ctx, group.id)
    if mine is None:
        raise NotFound(_("You are not a member of this group."))
    acts.revoke(request.ctx, mine)
    request.flash("success", _("You have left {name}.", name=group.name))
    return request.see_other("/dashboard")


def _back(request: Any, membership: Membership, text: object) -> Any:
    request.flash("success", text)
    return request.see_other("groups.members", key=membership.group.key)


@view_config(route_name="memberships.make_admin", request_method="POST", permission=Permission.MEMBERSHIP_MAKE_ADMIN)
def make_admin(membership: Membership, request: Any) -> Any:
    """Make a member an admin."""
    acts.make_admin(request.ctx, membership)
    return _back(request, membership, _("{name} is an admin now.", name=membership.user.name))


@view_config(
    route_name="memberships.remove_admin", request_method="POST", permission=Permission.MEMBERSHIP_REMOVE_ADMIN
)
def remove_admin(membership: Membership, request: Any) -> Any:
    """Make an admin an ordinary member."""
    acts.remove_admin(request.ctx, membership)
    return _back(request, membership, _("{name} is no longer an admin.", name=membership.user.name))


@view_config(route_name="memberships.revoke", request_method="POST", permission=Permission.MEMBERSHIP_REVOKE)
def revoke(membership: Membership, request: Any) -> Any:
    """Remove a member or withdraw an invitation."""
    pending = membership.accepted_at is None
    acts.revoke(request.ctx, membership)
    name = membership.user.name or membership.user.email
    text = _("The invitation was withdrawn.") if pending else _("{name} is no longer a member.", name=name)
    return _back(request, membership, text)


@view_config(route_name="memberships.resend", request_method="POST", permission=Permission.MEMBERSHIP_RESEND)
def resend(membership: Membership, request: Any) -> Any:
    """Send an invitation again."""
    acts.resend(request.ctx, membership)
    return _back(request, membership, _("The invitation was sent again."))


@view_config(route_name="memberships.title", renderer=TITLE, permission=Permission.MEMBERSHIP_UPDATE)
def title(membership: Membership, request: Any) -> View:
    """The form for what the member is in the group."""
    return {**frame(membership.group, request), "membership": membership, "values": {"title": membership.title or ""}}


@view_config(
    route_name="memberships.title", renderer=TITLE, request_method="POST", permission=Permission.MEMBERSHIP_UPDATE
)
@form_view(title)
def set_title(membership: Membership, request: Any) -> Any:
    """What the member is in the group."""
    acts.set_title(request.ctx, membership, title=parse(MemberForm, request.POST).title)
    return _back(request, membership, _("Saved."))


@view_config(route_name="groups.invitation", renderer=INVITATION, permission=Permission.PUBLIC)
def invitation(membership: Membership, request: Any) -> Any:
    """An invitation: what it is for, and the way in; who has taken it already is led to the group."""
    if membership.accepted_at is not None and membership.user_id == request.ctx.actor_id:
        return request.see_other("groups.show", key=membership.group.key)
    known = membership.user.email_verified
    return {
        "membership": membership,
        "group": membership.group,
        "needs_name": request.identity_once is None and not known,
        "needs_sign_in": request.identity_once is None and known,
        "accepted": membership.accepted_at is not None,
    }


@view_config(route_name="groups.invitation", renderer=INVITATION, request_method="POST", permission=Permission.PUBLIC)
@form_view(invitation)
def accept(membership: Membership, request: Any) -> Any:
    """Accept it; someone new says a name and has an account with that, since the token proves the address."""
    ctx = request.ctx
    if ctx.actor is None and not membership.user.email_verified and membership.accepted_at is None:
        form = parse(AcceptForm, request.POST)
        accounts.complete(ctx, membership.user, name=form.name)
        door.sign_in(request, membership.user)
    acts.accept(ctx, membership)
    request.flash("success", _("Welcome to {name}.", name=membership.group.name))
    return request.see_other("groups.show", key=membership.group.key)


@view_config(
    route_name="groups.join_by_link",
    renderer="llmio:web/templates/groups/join.jinja2",
    permission=Permission.GROUP_SHOW,
)
def join_page(group: Group, request: Any) -> View:
    """The page behind a join link."""
    return {
        "group": group,
        "membership": queries.membership_of(request.ctx, group.id),
        "token": request.matchdict["token"],
    }


@view_config(route_name="groups.join_by_link", request_method="POST", permission=Permission.GROUP_JOIN)
def join_by_link(group: Group, request: Any) -> Any:
    """Join by the link."""
    acts.join(request.ctx, group)
    request.flash("success", _("Welcome to {name}.", name=group.name))
    return request.see_other("groups.show", key=group.key)
