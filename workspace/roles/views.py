"""The roles of a partnership: the list, and a page for each."""

from functools import partial
from typing import Any

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from workspace.db.transactions import run_after_request
from workspace.notifications.notices import Topic, read_notices
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import words_typed
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.roles import endings, fragments, labels, offers, queries, role_templates
from workspace.roles.assignments import AssignmentKind
from workspace.roles.blueprint import blueprint
from workspace.roles.forms import RoleEditForm, RoleForm, SetForm
from workspace.roles.models import AlreadyAdded, NameTaken, Role, StaleRole
from workspace.web import htmx, pagination
from workspace.web.htmx import Undo, flash_live, page_or_partial

for name in ("HOLDERS",):
    blueprint.add_app_template_global(getattr(labels, name), name)

PLACE = "/partnerships/<slug:slug>/roles"


@blueprint.get(PLACE)
@members_with(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """The matrix: every role and who holds it, side by side; those without an accountable holder first."""
    asked, after = words_typed(request.args), request.args.get("after", "")
    retired = "retired" in request.args
    found, following = queries.matrix(membership, asked, after, retired=retired)
    context = {
        "words": asked,
        "roles": found,
        "following": following,
        "shows_retired": retired,
        "people": queries.people(membership, [role.id for role in found]) if found else {},
        "sides": queries.sides(membership),
        **partnership_context(membership),
    }
    if after and htmx.is_partial():
        return _more(found, fragments.rows(membership, context))
    return page_or_partial(
        "roles/index.html",
        "roles/_matrix.html",
        counts=queries.counts(membership),
        handovers=queries.handovers(membership) if not asked and not retired else [],
        set_form=SetForm(formdata=None),
        rows=fragments.rows(membership, context),
        **context,
    )


@blueprint.post(PLACE)
@members_with(Action.ASSIGN_ROLES)
def create(membership: Membership) -> ResponseReturnValue:
    """Add a role."""
    form = RoleForm()
    if not form.validate():
        return _new_again(membership, form)
    described = {"name": form.name.data, "responsibility": form.responsibility.data}
    try:
        role = Role.add(membership, one_time_key=form.one_time_key.data, **described)
    except NameTaken as taken:
        form.refuse(form.name, taken.message)
        return _new_again(membership, form)
    except AlreadyAdded as already:
        form.take_new_key()
        return _new_again(membership, form, status=409, earlier=queries.role(membership, already.role_id))
    to = queries.member(membership, form.member.data) if form.member.data else None
    if to:
        offers.offer(role, membership, to=to, kind=AssignmentKind.ACCOUNTABLE)
        flash_live(_("‘%(role)s’ is added, and %(name)s is asked.", role=role.name, name=to.user.name))
    else:
        flash_live(_("‘%(role)s’ is added. Offer it to somebody.", role=role.name))
    return htmx.redirect_client(address_of(membership, role.id))


@blueprint.get(f"{PLACE}/new")
@members_with(Action.ASSIGN_ROLES)
def new(membership: Membership) -> ResponseReturnValue:
    """The form for a new role."""
    return page_or_partial("roles/new.html", "roles/_new.html", **_new(membership, RoleForm()))


@blueprint.post(f"{PLACE}/set")
@members_with(Action.ASSIGN_ROLES)
def begin(membership: Membership) -> ResponseReturnValue:
    """Begin with a set of roles."""
    form = SetForm()
    if form.role_set.data not in labels.ROLES:
        flash_live(_("Choose a set of roles first."), "error")
    else:
        role_templates.begin_with(membership, form.role_set.data)
        flash_live(_("The roles are here. Change them freely, and offer them to people."))
    return htmx.redirect_client(f"{membership.partnership.address}roles")


@blueprint.get(f"{PLACE}/order")
@members_with(Action.ASSIGN_ROLES)
def order(membership: Membership) -> ResponseReturnValue:
    """The roles in order, each with buttons to move it."""
    return page_or_partial("roles/order.html", "roles/_order.html", **_ordered(membership))


@blueprint.post(f"{PLACE}/order")
@members_with(Action.ASSIGN_ROLES)
def reorder(membership: Membership) -> ResponseReturnValue:
    """Swap a role with its neighbour."""
    way = "up" if "up" in request.form else "down"
    role_id = pagination.parse_int(request.form.get(way, ""))
    if role_id is None:
        raise Conflict(_("The role was not found. Reload the page, and try again."))
    role = queries.role(membership, role_id)
    role.place(membership, up=way == "up")
    flash_live(_("‘%(name)s’ has changed places.", name=role.name))
    return htmx.partial_or_redirect(
        "roles/_order.html",
        to=f"{membership.partnership.address}roles/order#role-{role.id}",
        focus=f"#{way}-{role.id}",
        **_ordered(membership),
    )


@blueprint.get(f"{PLACE}/<number:role_id>")
@members_with(Action.READ)
def show(membership: Membership, role_id: int) -> ResponseReturnValue:
    """A role: who holds it, what waits for an answer, and its history."""
    context = whole(membership, queries.role(membership, role_id))
    has_notices = request.method == "GET" and queries.has_notices(membership, role_id)
    if has_notices:
        last = membership.partnership.last_number
        run_after_request(partial(read_notices, membership.id, Topic.ROLE, role_id, last))
    return page_or_partial(
        "roles/show.html",
        "roles/_history.html" if "before" in request.args else "roles/_role.html",
        **context,
        has_read=has_notices,
    )


@blueprint.get(f"{PLACE}/<number:role_id>/edit")
@members_with(Action.ASSIGN_ROLES)
def edit(membership: Membership, role_id: int) -> ResponseReturnValue:
    """The form for editing a role."""
    role = queries.role(membership, role_id)
    role.require_in_use()
    form = RoleEditForm(obj=role)
    return page_or_partial("roles/form.html", "roles/_edit.html", **form_on(membership, role, "_edit", form))


@blueprint.post(f"{PLACE}/<number:role_id>/edit")
@members_with(Action.ASSIGN_ROLES)
def update(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Save a role; a stale form comes back with both texts."""
    role, form = queries.role(membership, role_id), RoleEditForm()
    context = form_on(membership, role, "_edit", form)
    if not form.validate():
        return form_again(context)
    try:
        role.edit(
            membership,
            name=form.name.data,
            responsibility=form.responsibility.data,
            version=form.version.data,
        )
    except NameTaken as taken:
        form.refuse(form.name, taken.message)
        return form_again(context)
    except StaleRole:
        form.set_base_version(role.version)
        return form_again(context, status=409, stale=True)
    flash_live(_("The role is changed."))
    return shown(membership, role)


@blueprint.get(f"{PLACE}/<number:role_id>/retirement")
@members_with(Action.ASSIGN_ROLES)
def ask_to_retire(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Ask before a role is retired."""
    role = queries.role(membership, role_id)
    role.require_in_use()
    context = form_on(membership, role, "_retirement", is_unused=role.is_unused)
    return page_or_partial("roles/form.html", "roles/_retirement.html", **context)


@blueprint.post(f"{PLACE}/<number:role_id>/retirement")
@members_with(Action.ASSIGN_ROLES)
def retire(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Retire a role."""
    role = queries.role(membership, role_id)
    endings.retire(role, membership)
    undo = Undo(f"{membership.partnership.address}roles/{role.id}/resumption")
    flash_live(_("‘%(name)s’ is no longer in use. Its history can be read.", name=role.name), undo=undo)
    return shown(membership, role)


@blueprint.post(f"{PLACE}/<number:role_id>/deletion")
@members_with(Action.ASSIGN_ROLES)
def delete(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Delete a role that was never used."""
    role = queries.role(membership, role_id)
    endings.delete(role, membership)
    flash_live(_("‘%(name)s’ is deleted.", name=role.name))
    return htmx.redirect_client(f"{membership.partnership.address}roles")


@blueprint.post(f"{PLACE}/<number:role_id>/resumption")
@members_with(Action.ASSIGN_ROLES)
def resume(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Use a retired role again."""
    role = queries.role(membership, role_id)
    endings.resume(role, membership)
    undo = Undo(f"{membership.partnership.address}roles/{role.id}/retirement")
    flash_live(_("‘%(name)s’ is in use again. Offer it to somebody.", name=role.name), undo=undo)
    return shown(membership, role)


def address_of(membership: Membership, role_id: int) -> str:
    """The page of a role."""
    return f"{membership.partnership.address}roles/{role_id}"


def whole(membership: Membership, role: Role) -> dict[str, Any]:
    """The context of a role's page."""
    found = queries.history(membership, role.id, pagination.parse_int(request.args.get("before", "")))
    history, last = pagination.split_page(found, queries.HISTORY_PAGE)
    people = queries.people(membership, [role.id])[role.id]
    holders = filter(queries.counts_as_holder, people)
    return {
        "role": role,
        "people": people,
        "accountable": next((row for row in holders if row.kind == "accountable"), None),
        "waiting": queries.waiting(membership, role.id),
        "sides": queries.sides(membership),
        "history": history,
        "older": last is not None,
        **partnership_context(membership),
    }


def _new(membership: Membership, form: RoleForm) -> dict[str, Any]:
    """The context of the form for a new role."""
    found, _more_people = queries.candidates(membership, "")
    form.member.choices = [("", _("Nobody yet")), *((row.id, f"{row.name}, {row.organisation_name}") for row in found)]
    return {"form": form, **partnership_context(membership)}


def _new_again(membership: Membership, form: RoleForm, *, status: int = 422, earlier: Role | None = None) -> Response:
    context = _new(membership, form)
    return htmx.form_error("roles/_new.html", page="roles/new.html", status=status, earlier=earlier, **context)


def form_on(membership: Membership, role: Role, part: str, form: Any = None, **context: Any) -> dict[str, Any]:
    """The context of a form in place of a role's page."""
    return {"role": role, "part": f"roles/{part}.html", "form": form, **partnership_context(membership), **context}


def form_again(context: dict[str, Any], *, status: int = 422, **more: Any) -> Response:
    """The form of `form_on` again, with what was typed and what is wrong."""
    return htmx.form_error(context["part"], page="roles/form.html", status=status, **context, **more)


def shown(membership: Membership, role: Role) -> Response:
    """The role as it is now: in place, or on its page."""
    return htmx.partial_or_redirect(
        "roles/_role.html", to=address_of(membership, role.id), focus="#role-title", **whole(membership, role)
    )


def _ordered(membership: Membership) -> dict[str, Any]:
    found, following = queries.in_order(membership, request.args.get("after", ""))
    return {
        "roles": found,
        "following": following,
        "after": request.args.get("after", ""),
        **partnership_context(membership),
    }


def _more(found: list[Any], rows: Markup) -> Response:
    """The next rows, with the focus on the first of them."""
    response = make_response(str(rows))
    if found:
        response.headers["HX-Trigger-After-Settle"] = f'{{"focus-on": "#role-{found[0].id} a"}}'
    return response
