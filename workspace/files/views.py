"""Uploading files, all files of a partnership, and the page, the bytes and the previews of one."""

from functools import partial
from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db import db
from workspace.files import content, labels, queries, quota, receiving
from workspace.files.blueprint import blueprint
from workspace.files.forms import AltTextForm, UploadForm
from workspace.files.models import MOST_OF_A_TEXT
from workspace.files.receiving import NotReceived
from workspace.files.refusals import REFUSALS
from workspace.partnerships.activity_log import made_path
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live
from workspace.web.request_bodies import takes_files

LONGEST_WAIT = 60  # seconds

blueprint.add_app_template_global(queries.files_of, "files_of")
blueprint.add_app_template_global(queries.names_of_files, "names_of_files")
blueprint.add_app_template_global(quota.quota_of, "quota_of")
blueprint.add_app_template_global(receiving.upload_limits, "upload_limits")
for name, words in (("FILE_KINDS", labels.FILE_KINDS), ("REFUSALS", REFUSALS)):
    blueprint.add_app_template_global(words, name)  # type: ignore[arg-type]
blueprint.add_app_template_filter(labels.file_size, "file_size")


@blueprint.get("/<slug:slug>/files")
@members_with(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """All files, the newest first."""
    kind = request.args.get("kind", "")
    by, before = (pagination.parse_int(request.args.get(name, "")) for name in ("by", "before"))
    pictures = {"pictures": True, "documents": False}.get(kind)
    found = queries.all_files(membership, pictures=pictures, by=by, before=before)
    page, last = pagination.split_page(found, queries.PAGE)
    return htmx.page_or_partial(
        "files/index.html",
        "files/_file_list_page.html" if before else "files/_file_list.html",
        page=page,
        older=last.file.number if last else None,
        kind=kind if pictures is not None else "",
        by=by,
        **partnership_context(membership),
    )


@blueprint.post("/<slug:slug>/files")
@members_with(Action.SHARE)
@takes_files
def upload(membership: Membership) -> ResponseReturnValue:
    """Keep files that are to be shared: until then only their uploader sees them."""
    form = UploadForm()
    form.validate()
    sent = [each for each in request.files.getlist("file") if each.filename]
    if not sent:
        raise NotReceived(_("Choose a file first."))
    numbers = receiving.receive(membership, sent, form.one_time_key.data)
    if not htmx.is_partial():
        flash_live(_("The file is sent. Share it in a post or a comment."))
        return htmx.redirect_303(f"{membership.partnership.address}files")
    return _uploads(membership, numbers)


@blueprint.get("/<slug:slug>/files/uploads")
@members_with(Action.SHARE)
def show_uploads(membership: Membership) -> ResponseReturnValue:
    """Those of one's own uploads that belong to nothing yet, as a form shows them."""
    numbers = [pagination.parse_int(number) for number in request.args.getlist("upload")[:MOST_OF_A_TEXT]]
    return _uploads(membership, [number for number in numbers if number])


@blueprint.get("/<slug:slug>/files/<number:number>")
@members_with(Action.READ)
def show(membership: Membership, number: int) -> ResponseReturnValue:
    """A file with its versions: a picture large, a document with what is known of it."""
    return render_template("files/show.html", **file_context(membership, number))


@blueprint.get("/<slug:slug>/files/<number:number>/content")
@blueprint.get("/<slug:slug>/files/<number:number>/content/<number:version>")
@members_with(Action.READ)
def show_content(membership: Membership, number: int, version: int | None = None) -> ResponseReturnValue:
    """The bytes of a file, as it is now or as of a version."""
    found = queries.readable(membership, number, version)
    return content.answer(
        found.storage_key,
        name=found.name,
        kind=found.kind,
        is_attachment="download" in request.args,
        still_allowed=partial(_is_readable, membership.id, number, found.version),
    )


@blueprint.get("/<slug:slug>/files/<number:number>/preview/<number:width>")
@blueprint.get("/<slug:slug>/files/<number:number>/preview/<number:width>/<number:version>")
@members_with(Action.READ)
def show_preview(membership: Membership, number: int, width: int, version: int | None = None) -> ResponseReturnValue:
    """A small picture of a file."""
    found = queries.readable(membership, number, version)
    key = queries.preview_key(found, width)
    return content.picture(key, partial(_is_readable, membership.id, number, found.version))


@blueprint.get("/<slug:slug>/files/<number:number>/tile")
@members_with(Action.READ)
def show_tile(membership: Membership, number: int) -> ResponseReturnValue:
    """A file as it stands in a text: the placeholder of one that is being checked fills itself in."""
    row, context = queries.file_row(membership, number), partnership_context(membership)
    return make_response(render_template("files/_tile.html", file=row, wait=_next_wait(), **context))


def file_context(membership: Membership, number: int) -> dict[str, Any]:
    """The context of a file's page."""
    row, file = queries.file_row(membership, number), queries.file(membership, number)
    before, after = queries.beside(membership, row)
    return {
        "file": row,
        "before": before,
        "after": after,
        "versions": queries.versions(membership, number),
        "stands_in": queries.stands_in(membership, file.entry_number),
        "made_path": made_path,
        "uploader": file.uploader,
        "shared_at": file.created_at,
        "may_replace": file.may_be_replaced_by(membership),
        "may_describe": file.may_be_described_by(membership),
        "may_withdraw": file.may_be_withdrawn_by(membership),
        "description_form": AltTextForm(formdata=None, data={"alt": row.alt}),
        "version_form": UploadForm(formdata=None),
        **partnership_context(membership),
    }


def _uploads(membership: Membership, numbers: list[int]) -> ResponseReturnValue:
    rows = queries.uploads(membership, numbers)
    context = {"uploads": rows, "wait": _next_wait(), **partnership_context(membership)}
    return make_response(render_template("files/_uploads.html", **context))


def _next_wait() -> int:
    """After how many seconds a placeholder asks again: each time twice as long."""
    asked = pagination.parse_int(request.args.get("wait", "")) or 1
    return min(2 * asked, LONGEST_WAIT)


def _is_readable(membership_id: int, number: int, version: int) -> bool:
    """Whether the member may still read it, asked anew."""
    membership = db.session.get(Membership, membership_id)
    return membership is not None and queries.is_readable(membership, number, version)
