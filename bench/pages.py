"""The pages that are measured, the plainest reading of what each shows, and its HTML with places for what was read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import escape
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.posts.models import Post
from workspace.roles.assignments import RoleAssignment
from workspace.roles.models import Role

PAGES = ("feed", "overview", "post", "challenges", "roles", "members")
LEAST = 3  # letters of a value that is looked for in a page
PAGE, PAGE_OF_MEMBERS = 21, 16  # one more than a page has, as the workspace reads
HTML = ("body_html",)


@dataclass(frozen=True)
class Place:
    """Where is measured: numbers of the database, and the memberships of the reader."""

    partnership: int
    post: int
    membership: int
    user: int
    slug: str

    def address(self, name: str) -> str:
        """The workspace's page."""
        home = f"/partnerships/{self.slug}/"
        return {"overview": "/", "feed": home, "post": f"{home}posts/{self.post}"}.get(name, home + name)


WRITER = (User.name.label("author"), Organisation.name.label("organisation"), Participation.side)


def read(session: Session, name: str, place: Place) -> list[Any]:
    """The rows of a page, as objects whose columns have names."""
    return [session.execute(query).all() for query in _queries(name, place)]


def _queries(name: str, place: Place) -> list[Any]:
    here = Post.partnership_id == place.partnership
    thread = (Comment.partnership_id == place.partnership, Comment.post_number == place.post)
    marks = (Post.number, Post.kind, Post.status, Post.comment_count)
    posts = (*marks, Post.title, Post.created_at)
    latest = Post.activity_number.desc()
    queries: dict[str, Callable[[], list[Any]]] = {
        "feed": lambda: [
            _written(Post, *posts, Post.body_html, Post.body_text).where(here).order_by(latest).limit(PAGE),
        ],
        "overview": lambda: [
            _written(Post, *posts, func.substr(Post.body_text, 1, 220).label("beginning"), Partnership.name)
            .join(Partnership, Partnership.id == Post.partnership_id)
            .where(Post.partnership_id.in_(_mine(place)))
            .order_by(Post.activity_at.desc())
            .limit(PAGE),
            select(Partnership.name, Partnership.stage, Partnership.slug, Partnership.last_number)
            .where(Partnership.id.in_(_mine(place)))
            .order_by(Partnership.last_activity_at.desc())
            .limit(PAGE),
        ],
        "post": lambda: [
            _written(Post, *posts, Post.body_html).where(here, Post.number == place.post),
            _written(Comment, Comment.number, Comment.created_at, Comment.body_html)
            .where(*thread)
            .order_by(Comment.number),
        ],
        "challenges": lambda: [
            _written(Post, *posts).where(here, Post.status == "open").order_by(latest).limit(PAGE),
        ],
        "roles": lambda: [
            select(Role.id, Role.name, Role.responsibility, RoleAssignment.since, *WRITER[:2])
            .join(RoleAssignment, RoleAssignment.role_id == Role.id)
            .join(Membership, Membership.id == RoleAssignment.membership_id)
            .join(User, User.id == Membership.user_id)
            .join(Organisation, Organisation.id == Membership.organisation_id)
            .where(Role.partnership_id == place.partnership)
            .order_by(Role.position),
        ],
        "members": lambda: [
            _memberships(Membership.level, User.title, User.name_key)
            .where(Membership.partnership_id == place.partnership, Membership.state == "active")
            .order_by(User.name_key)
            .limit(PAGE_OF_MEMBERS),
        ],
    }
    return queries[name]()


def _mine(place: Place) -> Any:
    return select(Membership.partnership_id).where(Membership.user_id == place.user, Membership.state == "active")


def _written(writing: Any, *columns: Any) -> Any:
    joined = select(*columns, *WRITER).join(Membership, Membership.id == writing.author_id)
    return _of_memberships(joined)


def _memberships(*columns: Any) -> Any:
    return _of_memberships(select(*columns, *WRITER).select_from(Membership))


def _of_memberships(query: Any) -> Any:
    side = and_(
        Participation.partnership_id == Membership.partnership_id,
        Participation.organisation_id == Membership.organisation_id,
    )
    return (
        query.join(User, User.id == Membership.user_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .outerjoin(Participation, side)
    )


def template(html: str, found: list[Any]) -> tuple[str, int]:
    """A template that makes this page of the rows `found`, and how many values of them stand in it."""
    places: list[tuple[int, int, str]] = []
    for query, rows in enumerate(found):
        begin = 0
        for place, row in enumerate(rows):
            taken = []
            for column in row._fields:
                value, expression = _shown(row, column, f"rows[{query}][{place}].{column}")
                at = html.find(value, begin) if len(value) >= LEAST else -1
                if at >= 0 and all(at + len(value) <= first or last <= at for first, last, _ in places):
                    taken.append(at)
                    places.append((at, at + len(value), expression))
            begin = min(taken, default=begin)
    parts, end = [], 0
    for first, last, expression in sorted(places):
        parts += [_constant(html[end:first]), f"{{{{ {expression} }}}}"]
        end = last
    return "".join([*parts, _constant(html[end:])]), len(places)


def _shown(row: Any, column: str, place: str) -> tuple[str, str]:
    value = getattr(row, column)
    if column in HTML:
        return str(value), f"{place}|safe"
    if column.endswith("_at"):
        return f"{value:%Y-%m-%dT%H:%MZ}", f"{place}.strftime('%Y-%m-%dT%H:%MZ')"
    return (str(escape(value)), place) if isinstance(value, str) else ("", "")


def _constant(html: str) -> str:
    return f"{{% raw %}}{html}{{% endraw %}}" if html else ""
