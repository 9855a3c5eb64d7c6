"""The request guard: before every request it loads session, person and membership, and enforces the view's declaration.

What a person may not see does not exist: a foreign partnership and a missing one get the same 404. One statement
reads everything that a request needs to know about its actor.
"""

from functools import partial
from typing import Any

from flask import Flask, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import contains_eager, joinedload

from workspace.accounts import sign_in
from workspace.accounts.models import User
from workspace.accounts.sessions import Session, hash_of, touch
from workspace.db import db
from workspace.db.statements import cached_statement
from workspace.db.transactions import begin_request, run_after_request
from workspace.db.types import AnySelect
from workspace.extensions import csrf, login
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Action, Audience, Conflict, NotAllowed, access_rule, permits
from workspace.web import access_log, origin
from workspace.web.request_bodies import largest_for

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Requests that pages make by themselves are no use of a session, or an open page would keep it alive.
BACKGROUND_BLUEPRINT = "live"
BACKGROUND = "X-Background"  # What they ask of other blueprints has this header.

HEALTH_BLUEPRINT = "health"  # It asks for nobody, so that it answers where the database does not.


def install(app: Flask) -> None:
    """Guard every view of `app`."""
    login.user_loader(load_user)
    login.session_protection = None
    app.before_request(authorise_request)


def authorise_request() -> ResponseReturnValue | None:
    """Admit the request, send it to sign-in, or refuse it; then check the CSRF token."""
    begin_request(reads_only=request.method in SAFE_METHODS)
    g.user, g.session, g.membership, g.partnership_id = None, None, None, None
    if request.blueprint != HEALTH_BLUEPRINT:
        load_session()
    if request.endpoint is None:
        return None
    access_log.note_route(str(request.url_rule))
    view = current_app.view_functions[request.endpoint]
    declared = access_rule(view) or abort(404)
    request.max_content_length = largest_for(view, current_app.settings.largest_file)  # type: ignore[attr-defined]
    if declared.audience is not Audience.PUBLIC and g.user is None:
        return sign_in.unauthenticated_response()
    if declared.audience is Audience.ADMINISTRATORS and not g.user.is_administrator:
        abort(404)
    if declared.action is not None:
        require_permission(g.membership, declared.action)
    inject_actor(declared.audience)
    if request.method not in SAFE_METHODS and declared.checks_csrf:
        try:
            csrf.protect()
        except CSRFError:
            if answer := sign_in.of_another_tab():
                return answer
            raise
        origin.require_own()
    return None


def load_session() -> None:
    """Load the session. Without a cookie no statement is needed."""
    user: Any = current_user._get_current_object()
    if user.is_authenticated:
        g.user = user
        access_log.note_user(user.id)
        is_use = request.blueprint != BACKGROUND_BLUEPRINT and BACKGROUND not in request.headers
        if is_use and g.session.needs_touch:
            run_after_request(partial(touch, g.session.id))


def load_user(token: str) -> User | None:
    """The person whose live session has this token; g.session and the membership of the address stand beside them."""
    slug = (request.view_args or {}).get("slug")
    found = db.session.execute(
        _session_and_membership_statement(), {"slug": slug, "token_hash": hash_of(token)}
    ).first()
    if found is None or not found[0].is_live:
        return None
    g.session, g.membership, g.partnership_id = found
    user: User = g.session.user
    return user


@cached_statement
def _session_and_membership_statement() -> AnySelect:
    return (
        select(Session, Membership, Partnership.id)
        .join(Session.user)
        .outerjoin(Partnership, Partnership.slug == bindparam("slug"))
        .outerjoin(
            Membership,
            and_(Membership.partnership_id == Partnership.id, Membership.user_id == User.id, Membership.is_present),
        )
        .where(Session.token_hash == bindparam("token_hash"))
        .options(
            contains_eager(Session.user).joinedload(User.organisation),
            contains_eager(Membership.partnership),
            joinedload(Membership.organisation),
        )
    )


def require_permission(membership: Membership | None, action: Action) -> None:
    """Refuse whoever may not do `action`: outsiders get a 404, members learn why."""
    if membership is None or not membership.is_active:
        abort(404)
    if not permits(membership.level, action):
        raise NotAllowed(_("Your access here does not include this. A moderator of the partnership can change that."))
    if not membership.may(action):
        raise Conflict(_("The partnership is archived, so nothing in it can be changed."))


def inject_actor(who: Audience) -> None:
    """Pass the actor to the view; no model reads a “current user” by itself."""
    arguments = request.view_args
    if arguments is None:
        return
    if who is Audience.MEMBERS:
        del arguments["slug"]
        arguments["membership"] = g.membership
    elif who is not Audience.PUBLIC:
        arguments["user"] = g.user
