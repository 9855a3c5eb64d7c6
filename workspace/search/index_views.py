"""How far the index is, for administrators; what is in it is not theirs to read."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db.transactions import begin_write
from workspace.permissions import administrators_only
from workspace.search import indexing
from workspace.search.blueprint import blueprint
from workspace.web.htmx import flash_live, redirect_303


@blueprint.get("/admin/search")
@administrators_only
def show_index(user: User) -> ResponseReturnValue:
    """How many entries are in the index, and how many wait."""
    return render_template("search/index.html", completeness=indexing.completeness())


@blueprint.post("/admin/search/rebuilding")
@administrators_only
def rebuild_index(user: User) -> Response:
    """Let the worker make the index anew."""
    begin_write()
    indexing.rebuild()
    flash_live(_("The index is being made anew. People can search meanwhile."))
    return redirect_303("/admin/search")
