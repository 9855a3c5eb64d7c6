"""What is done about a file that is there: a new version, what it shows, removing it, and deleting it for good."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.files import queries, receiving, removal
from workspace.files.blueprint import blueprint
from workspace.files.forms import AltTextForm, FileRemovalForm, UploadForm
from workspace.files.receiving import NotReceived
from workspace.files.views import file_context
from workspace.partnerships.activity_log import made_path
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.posts.authored_text_forms import RedactionForm
from workspace.web import htmx
from workspace.web.htmx import Undo, flash_live, page_or_partial
from workspace.web.request_bodies import takes_files


@blueprint.post("/<slug:slug>/files/<number:number>/versions")
@members_with(Action.SHARE)
@takes_files
def replace(membership: Membership, number: int) -> ResponseReturnValue:
    """Put a new version in the place of a file, once it has been checked."""
    queries.file(membership, number).require_replaceable(membership)
    form = UploadForm()
    form.validate()
    sent = next((each for each in request.files.getlist("file") if each.filename), None)
    if sent is None:
        raise NotReceived(_("Choose a file first."))
    receiving.replace(membership, number, sent, form.one_time_key.data)
    flash_live(_("The new version is sent. It is checked, and takes the place of the one before."))
    return htmx.redirect_client(_address(membership, number))


@blueprint.post("/<slug:slug>/files/<number:number>/description")
@members_with(Action.SHARE)
def describe(membership: Membership, number: int) -> ResponseReturnValue:
    """Say what a picture shows."""
    file, form = queries.file(membership, number), AltTextForm()
    if not form.validate():
        context = file_context(membership, number) | {"description_form": form}
        return htmx.form_error("files/_description.html", page="files/show.html", **context)
    file.describe(membership, form.alt.data or "")
    flash_live(_("The description is saved."))
    return htmx.redirect_client(_address(membership, number))


@blueprint.get("/<slug:slug>/files/<number:number>/withdrawal")
@members_with(Action.SHARE)
def show_withdrawal(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask before a file is removed."""
    queries.file(membership, number).require_withdrawable(membership)
    context = _removing(membership, number, FileRemovalForm())
    return page_or_partial("files/withdrawal.html", "files/_withdrawal.html", focus="[data-focus]", **context)


@blueprint.post("/<slug:slug>/files/<number:number>/withdrawal")
@members_with(Action.SHARE)
def withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Remove a file from where it stands."""
    file, form = queries.file(membership, number), FileRemovalForm()
    if not form.validate() or not form.is_reasoned(file.uploader_id == membership.id):
        context = _removing(membership, number, form)
        return htmx.form_error("files/_withdrawal.html", page="files/withdrawal.html", **context)
    to, name = _where_it_stands(membership, file.entry_number), file.name
    file.withdraw(membership, form.reason.data or "")
    undo = Undo(f"{_address(membership, number)}/restoration")
    flash_live(_("‘%(name)s’ is removed.", name=name), undo=undo)
    return htmx.redirect_client(to)


@blueprint.post("/<slug:slug>/files/<number:number>/restoration")
@members_with(Action.SHARE)
def restore(membership: Membership, number: int) -> ResponseReturnValue:
    """Undo a removal."""
    file = queries.file(membership, number)
    file.bring_back(membership)
    flash_live(_("‘%(name)s’ is back.", name=file.name))
    return htmx.redirect_client(_where_it_stands(membership, file.entry_number))


@blueprint.get("/<slug:slug>/files/<number:number>/redaction")
@members_with(Action.REDACT)
def show_redaction(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask before a file is deleted for good."""
    context = _removing(membership, number, RedactionForm())
    return page_or_partial("files/redaction.html", "files/_redaction.html", focus="[data-focus]", **context)


@blueprint.post("/<slug:slug>/files/<number:number>/redaction")
@members_with(Action.REDACT)
def redact(membership: Membership, number: int) -> ResponseReturnValue:
    """Delete a file for good; that it was, by whom and why remains."""
    file, form = queries.file(membership, number), RedactionForm()
    if not form.validate():
        context = _removing(membership, number, form)
        return htmx.form_error("files/_redaction.html", page="files/redaction.html", **context)
    to = _where_it_stands(membership, file.entry_number)
    file.redact(membership, form.reason.data)
    removal.delete_bytes_soon(membership.partnership_id, number)
    flash_live(_("The file is deleted for good."))
    return htmx.redirect_client(to)


@blueprint.post("/<slug:slug>/files/<number:number>/discarding")
@members_with(Action.SHARE)
def discard(membership: Membership, number: int) -> ResponseReturnValue:
    """Let go of one's own upload that is not shared."""
    queries.file(membership, number).discard(membership)
    removal.delete_bytes_soon(membership.partnership_id, number)
    return htmx.partial_or_redirect("files/_none.html", to=f"{membership.partnership.address}files")


def _address(membership: Membership, number: int) -> str:
    return f"{membership.partnership.address}files/{number}"


def _where_it_stands(membership: Membership, entry_number: int | None) -> str:
    """The address of what a file belongs to."""
    entry, address = queries.stands_in(membership, entry_number), membership.partnership.address
    return address + (made_path(entry.number, entry.post_number, entry.thing_number) if entry else "files")


def _removing(membership: Membership, number: int, form: Any) -> dict[str, Any]:
    return {
        "form": form,
        "file": queries.file(membership, number),
        "back": _address(membership, number),
        **partnership_context(membership),
    }
