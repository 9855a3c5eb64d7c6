"""A partnership of two organisations with its people, made anew for each test that changes something in it."""

from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from sqlalchemy import select

from tests import factories
from tests.e2e.site import Site
from tests.factories import Level, OrganisationKind, PostKind
from workspace import rich_text
from workspace.accounts.models import User
from workspace.accounts.verification_codes import VerificationCode
from workspace.comments.models import Comment
from workspace.db import Base, db
from workspace.members.join_requests import service as join_requests_service
from workspace.organisations.models import Organisation
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Partnership, Visibility
from workspace.posts.models import Post

PASSWORD = factories.PASSWORD

_numbers = count(1)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: int
    name: str
    email: str
    language: str


class Place:
    """The partnership, and what others do in it while a browser looks on."""

    def __init__(self, site: Site, language: str = "da", name: str = "Grøn mobilitet i Søborg") -> None:
        self.site = site
        with site.inside():
            number = next(_numbers)
            municipality = factories.make_organisation(f"Gladsaxe Kommune {number}")
            company = factories.make_organisation(f"Cykelkraft {number}", OrganisationKind.COMPANY)
            people = {
                "moderator": ("Mette Ågård", municipality),
                "contributor": ("Bo Østergaard", municipality),
                "observer": ("Iben Kjær", municipality),
                "partner": ("Ditte Æbelø", company),
            }
            users = {
                role: factories.make_user(name, organisation, language=language)
                for role, (name, organisation) in people.items()
            }
            outsider = factories.make_user("Ulla Udenfor", language=language)
            membership = factories.start_partnership(name, by=users["moderator"])
            factories.add_member(membership, users["contributor"])
            factories.add_member(membership, users["observer"], Level.OBSERVER)
            factories.add_member(membership, users["partner"], Level.MODERATOR)
            self.id, self.name, self.address = membership.partnership_id, name, membership.partnership.address
            self.moderator, self.contributor = _person(users["moderator"]), _person(users["contributor"])
            self.observer, self.partner = _person(users["observer"]), _person(users["partner"])
            self.outsider = _person(outsider)
            self.municipality_id = municipality.id

    def share(self, by: Person, title: str = "", body: str = "", kind: PostKind = PostKind.PROGRESS) -> int:
        """Share a post; its number."""
        with self.site.inside():
            return factories.share(self._membership(by), title, body, kind).number

    def comment(self, post: int, by: Person, body: str = "") -> int:
        """Comment on a post; the comment's number."""
        with self.site.inside():
            return factories.comment(self._post(post), self._membership(by), body).number

    def edit(self, post: int, by: Person, title: str, body: str) -> None:
        """Correct a post."""
        with self.site.inside():
            found = self._post(post)
            found.edit(self._membership(by), title=title, body=rich_text.from_plain(body), version=found.version)

    def ask_to_join(self, person: Person) -> None:
        """Let somebody ask the moderators for access."""
        with self.site.inside():
            partnership = db.session.get_one(Partnership, self.id)
            partnership.visibility = Visibility.LISTED
            join_requests_service.ask_to_join(db.session.get_one(User, person.id), partnership, "Må jeg være med?")

    def pin(self, post: int, by: Person) -> None:
        """Pin a post to the top of the feed."""
        with self.site.inside():
            self._post(post).pin(self._membership(by))

    def rewrite(self, post: int, html: str) -> None:
        """Let a post say `html`, past the editor and its limits."""
        with self.site.inside():
            self._post(post).body_html = html

    def comment_html(self, post: int, by: Person, html: str, text: str) -> int:
        """Comment as a browser does that sends `html` from the editor, or else plain `text`; the comment's number."""
        with self.site.inside():
            body = rich_text.from_html(html) if html else rich_text.from_plain(text)
            key = str(uuid4())
            return Comment.write(self._membership(by), post, body=body, one_time_key=key).number

    def joined(self, name: str) -> Person:
        """Somebody of that name who has become a member."""
        with self.site.inside():
            partnership = db.session.get_one(Partnership, self.id)
            moderator = factories.membership_of(partnership, db.session.get_one(User, self.moderator.id))
            user = factories.make_user(name, factories.make_organisation(name))
            factories.add_member(moderator, user)
            return _person(user)

    def everything(self) -> str:
        """All that the database holds."""
        with self.site.inside():
            tables = Base.metadata.sorted_tables
            return "\n".join(str(row) for table in tables for row in db.session.execute(select(table)))

    def archive(self, by: Person) -> None:
        """Let the partnership only be read."""
        with self.site.inside():
            partnerships_service.archive(self._membership(by))

    def read_everything(self) -> None:
        """Let nothing be new to anybody."""
        with self.site.inside():
            for membership in db.session.query(Membership).filter_by(partnership_id=self.id):
                reading.read_all(membership, membership.partnership.last_number)

    def unread(self, person: Person) -> int:
        """How much is new to them."""
        with self.site.inside():
            return self._membership(person).unread

    def posts(self) -> list[str]:
        """The titles of all posts, the oldest first."""
        with self.site.inside():
            found = db.session.query(Post).filter_by(partnership_id=self.id).order_by(Post.number)
            return [post.title for post in found]

    def newcomer(self, name: str, **options: str) -> Person:
        """Somebody of the municipality who is no member; further arguments are the account's."""
        with self.site.inside():
            municipality = db.session.get_one(Organisation, self.municipality_id)
            return _person(factories.make_user(name, municipality, **options))

    def code_for(self, person: Person) -> str:
        """The newest code that was mailed to somebody."""
        with self.site.inside():
            newest = select(VerificationCode).filter_by(user_id=person.id).order_by(VerificationCode.id.desc())
            code = db.session.scalars(newest.limit(1)).one()
            return code.digits

    def _membership(self, person: Person) -> Membership:
        partnership = db.session.get_one(Partnership, self.id)
        return factories.membership_of(partnership, db.session.get_one(User, person.id))

    def _post(self, number: int) -> Post:
        return db.session.get_one(Post, (self.id, number))


def administrator(site: Site) -> Person:
    """Somebody who keeps the organisations."""
    with site.inside():
        return _person(factories.make_administrator(name="Agnes Admin"))


def company(site: Site, name: str) -> int:
    """A company that takes part in nothing yet."""
    with site.inside():
        return factories.make_organisation(name, OrganisationKind.COMPANY).id


def _person(user: User) -> Person:
    return Person(user.id, user.name, user.email, user.language)
