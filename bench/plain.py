"""The fair floor, *plain*: the feed and a new comment as a competent team would write them, without our machinery.

Flask, Flask-Login, Flask-WTF, Flask-Babel and the ORM as they come: somebody who is signed in, access checked, objects
with their relationships, Jinja templates that extend each other, in Danish, on the same tables and at the same
addresses. It shows and stores what the workspace's own page and comment do.

    python -m bench.plain PORT DATABASE_URL
"""

import hashlib
import sys
from typing import Any

from flask import Flask, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_datetime
from flask_login import LoginManager, current_user, login_required
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import or_, select, update
from sqlalchemy.orm import contains_eager, joinedload
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from bench import serving
from workspace import clock
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.config import ROOT
from workspace.db import db
from workspace.i18n.danish import initials
from workspace.mail.models import Mail
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.labels import LEVELS, SIDES, STAGES
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.permissions import Level
from workspace.posts import labels
from workspace.posts.follows import Follow
from workspace.posts.models import Post
from workspace.rich_text import from_html, from_plain
from workspace.roles.models import Role

PAGE = 20
THREADS = 16  # as many as the workspace works on at a time
login = LoginManager()


class PostForm(FlaskForm):
    """Progress or a challenge."""

    kind = RadioField("Hvad vil du dele?", choices=list(labels.POST_KINDS.items()), validators=[InputRequired()])
    title = StringField("Overskrift", validators=[InputRequired(), Length(max=120)])
    body = TextAreaField("Tekst", validators=[InputRequired(), Length(max=20_000)])
    body_html = HiddenField()
    answer_by = DateField("Svar ønskes senest", validators=[Optional()])
    moves = SelectField("Hjælper på udfordringen", coerce=int)
    role = SelectField("Vedrører rollen", coerce=int)


class CommentForm(FlaskForm):
    """A comment, as the editor sends it."""

    body = TextAreaField(validators=[InputRequired(), Length(max=4_000)])
    body_html = HiddenField()
    one_time_key = HiddenField(validators=[InputRequired(), Length(max=36)])


def create(url: str) -> Flask:
    """The app."""
    app = Flask(__name__, template_folder="templates", static_folder=None)
    app.config |= {
        "SECRET_KEY": serving.SECRET_KEY,
        "SESSION_COOKIE_NAME": "samspil",
        "SQLALCHEMY_DATABASE_URI": url.replace("postgresql://", "postgresql+psycopg://"),
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": THREADS, **_options(url)},
        "BABEL_DEFAULT_LOCALE": "da",
        "BABEL_DEFAULT_TIMEZONE": "Europe/Copenhagen",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        "WTF_CSRF_SSL_STRICT": False,
    }
    db.init_app(app)
    login.init_app(app)
    Babel(app)
    CSRFProtect(app)
    app.jinja_env.filters |= {"initials": initials, "time": lambda at: format_datetime(at, "d. MMM 'kl.' HH.mm")}
    app.jinja_env.globals |= {"STAGES": STAGES, "LEVELS": LEVELS, "SIDES": SIDES, "KINDS": labels.POST_KINDS}
    app.jinja_env.globals["STATUSES"] = labels.CHALLENGE_STATUSES
    app.add_url_rule("/partnerships/<slug>/", view_func=feed)
    app.add_url_rule("/partnerships/<slug>/posts/<int:number>/comments", view_func=comment, methods=["POST"])
    return app


def _options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(token: str) -> User | None:
    """The person whose session it is."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    session = db.session.scalar(select(Session).where(Session.token_hash == digest))
    return session.user if session and session.is_live else None


def membership_in(slug: str) -> Membership:
    """The reader's active membership of a partnership; else it does not exist."""
    query = (
        select(Membership)
        .join(Membership.partnership)
        .options(contains_eager(Membership.partnership).selectinload(Partnership.goal_rows))
        .where(Partnership.slug == slug, Membership.user_id == current_user.id, Membership.is_present)
    )
    membership = db.session.scalar(query)
    if membership is None or not membership.is_active:
        abort(404)
    return membership


@login_required  # type: ignore[untyped-decorator]
def feed(slug: str) -> str:
    """The pinned posts and a page of the others, each with its author's organisation and side."""
    membership = membership_in(slug)
    before = request.args.get("before", type=int)
    return render_template("feed.html", form=_form(membership), **_feed(membership, before))


def _form(membership: Membership) -> PostForm:
    here = Post.partnership_id == membership.partnership_id
    form = PostForm()
    unsolved = select(Post).where(here, Post.status.in_(["open", "ongoing"]), Post.withdrawn_at.is_(None))
    challenges = db.session.scalars(unsolved.order_by(Post.activity_number.desc()).limit(50))
    form.moves.choices = [(0, "Ingen"), *((post.number, post.title) for post in challenges)]
    in_use = select(Role).where(Role.partnership_id == membership.partnership_id, Role.retired_at.is_(None))
    roles = db.session.scalars(in_use.order_by(Role.position))
    form.role.choices = [(0, "Ingen"), *((role.id, role.name) for role in roles)]
    return form


def _feed(membership: Membership, before: int | None) -> dict[str, Any]:
    partnership = membership.partnership
    author = joinedload(Post.author)
    posts = (
        select(Post)
        .options(author.joinedload(Membership.user), author.joinedload(Membership.organisation))
        .where(Post.partnership_id == partnership.id)
        .order_by(Post.activity_number.desc())
    )
    pinned = [] if before else db.session.scalars(posts.where(Post.pinned_at.is_not(None))).all()
    page = posts.where(or_(Post.pinned_at.is_(None), Post.withdrawn_at.is_not(None))).limit(PAGE + 1)
    shown = db.session.scalars(page.where(Post.activity_number < before) if before else page).all()
    parties = db.session.scalars(
        select(Participation)
        .options(joinedload(Participation.organisation))
        .where(Participation.partnership_id == partnership.id)
    ).all()
    taken = [post.taker_id for post in [*pinned, *shown] if post.taker_id]
    takers = select(Membership).options(joinedload(Membership.user)).where(Membership.id.in_(taken))
    waiting = db.session.scalars(
        select(Entry)
        .where(Entry.partnership_id == partnership.id, Entry.number > membership.seen_number)
        .where(Entry.post_number.is_(None))
        .limit(5)
    ).all()
    return {
        "membership": membership,
        "partnership": partnership,
        "pinned": pinned,
        "posts": shown[:PAGE],
        "older": shown[PAGE - 1].activity_number if len(shown) > PAGE else None,
        "parties": parties,
        "sides": {party.organisation_id: party.side for party in parties},
        "takers": {taker.id: taker.user for taker in db.session.scalars(takers)} if taken else {},
        "events": waiting,
    }


@login_required  # type: ignore[untyped-decorator]
def comment(slug: str, number: int) -> ResponseReturnValue:
    """Add a comment to a post, and mail those who follow it."""
    membership = membership_in(slug)
    if membership.level is Level.OBSERVER or membership.partnership.is_archived:
        abort(403)
    form = CommentForm()
    if not form.validate():
        return render_template("comment.html", form=form, comment=None), 422
    made = _comment(membership, number, form)
    db.session.commit()
    return render_template("comment.html", form=form, comment=made, membership=membership)


def _comment(membership: Membership, number: int, form: CommentForm) -> Comment:
    key, partnership_id = form.one_time_key.data or "", membership.partnership_id
    at = clock.now()
    entry_number = db.session.scalar(
        update(Partnership)
        .where(Partnership.id == partnership_id)
        .values(last_number=Partnership.last_number + 1, last_activity_at=at)
        .returning(Partnership.last_number)
        .execution_options(synchronize_session=False)
    )
    earlier = db.session.scalar(select(Comment).filter_by(author_id=membership.id, one_time_key=key))
    if earlier:
        db.session.rollback()
        return earlier
    post = db.session.get(Post, (partnership_id, number)) or abort(404)
    where = {"partnership_id": partnership_id, "number": entry_number}
    entry = Entry(**where, verb=COMMENTED, actor_id=membership.id, post_number=number, at=at)
    db.session.add(entry)
    db.session.flush()
    text = from_html(form.body_html.data) if form.body_html.data else from_plain(form.body.data or "")
    made = Comment(
        **where,
        post_number=number,
        author_id=membership.id,
        body_html=text.html,
        body_text=text.text,
        one_time_key=key,
        created_at=at,
    )
    db.session.add(made)
    post.comment_count += 1
    post.activity_number, post.activity_at = entry.number, at
    membership.known_texts += 1
    followers = db.session.scalars(
        select(Follow).where(Follow.partnership_id == partnership_id, Follow.post_number == number)
    ).all()
    for follower in {membership.id, post.author_id} - {follow.membership_id for follow in followers}:
        db.session.add(Follow(partnership_id=partnership_id, post_number=number, membership_id=follower))
    following = [post.author_id, *(follow.membership_id for follow in followers if follow.follows)]
    told = select(Membership).where(Membership.id.in_(following), Membership.id != membership.id)
    for reader in db.session.scalars(told.where(Membership.state == MembershipState.ACTIVE)):
        mail = f"comment:{partnership_id}:{entry_number}:{reader.id}"
        db.session.add(
            Mail(
                kind="reply",
                key=mail,
                user_id=reader.user_id,
                payload={
                    "membership": reader.id,
                    "partnership": partnership_id,
                    "entry": entry_number,
                    "text": entry_number,
                },
                priority=1,
                not_before=at,
                next_attempt_at=at,
                message_id=f"<{mail}@samspil>",
            )
        )
    return made


if __name__ == "__main__":
    serving.serve(create(sys.argv[2]), int(sys.argv[1]), THREADS)
