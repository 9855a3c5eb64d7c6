"""What tests are made of: organisations, people, partnerships, what they write, by the product's verbs.

Everything is committed, so that requests see it. What a test does not care about gets a believable value.
"""

from base64 import b64decode
from decimal import Decimal
from functools import cache
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar
from uuid import uuid4

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from workspace import clock, rich_text
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.files import attaching, checking, receiving
from workspace.files.attaching import Attachments
from workspace.files.models import File, FileVersion
from workspace.files.storage import storage
from workspace.members.invitations import list_reader, listed_people
from workspace.organisations.models import Organisation, Side
from workspace.organisations.models import OrganisationKind as OrganisationKind
from workspace.partnerships import creation
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Partnership, Stage
from workspace.permissions import Level
from workspace.posts.models import Post, PostKind
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling
from workspace.results.measurements import Measurement, Reading
from workspace.results.models import Indicator
from workspace.results.periods import Rhythm, latest_ended
from workspace.results.recording import record
from workspace.roles import answers, offers
from workspace.roles.assignments import AssignmentKind as Holder
from workspace.roles.assignments import RoleAssignment
from workspace.roles.models import Role

PASSWORD = "lampe gulerod fjernsyn"
# One grey pixel, as PNG.
PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")

Made = TypeVar("Made")

_numbers = count(1)


def make_organisation(
    name: str = "", kind: OrganisationKind = OrganisationKind.MUNICIPALITY, **fields: Any
) -> Organisation:
    """An organisation; by default a municipality."""
    return _kept(Organisation(name=name or f"Organisation {next(_numbers)}", kind=kind, **fields))


def make_user(name: str = "", organisation: Organisation | None = None, *, email: str = "", **fields: Any) -> User:
    """A person with the password PASSWORD, of a new organisation unless one is given."""
    number = next(_numbers)
    return _kept(
        User(
            name=name or f"Person {number}",
            email=email or f"person{number}@example.dk",
            organisation=organisation or make_organisation(),
            password_hash=_password_hash(),
            **fields,
        )
    )


def listed(text: str) -> list[listed_people.Row]:
    """The people on a pasted list."""
    return listed_people.rows_of(list_reader.read(text).people)


def make_administrator(**fields: Any) -> User:
    """An administrator, who is a member of nothing."""
    return make_user(is_administrator=True, **fields)


def start_partnership(
    name: str = "", *, by: User | None = None, sides: dict[Organisation, Side] | None = None, **fields: Any
) -> Membership:
    """Start a partnership; the membership of its first moderator, a new person unless given."""
    by = by or make_user()
    sides = sides or {by.organisation or make_organisation(): Side.MUNICIPALITIES}
    partnership = creation.create(
        by=by,
        name=name or f"Partnerskab {next(_numbers)}",
        purpose=fields.pop("purpose", "Vi finder et svar, som ingen af os kan finde alene."),
        goals=fields.pop("goals", [3, 17]),
        sides={organisation.id: side for organisation, side in sides.items()},
        one_time_key=str(uuid4()),
    )
    for field, value in fields.items():
        setattr(partnership, field, value)
    _take_part(partnership)
    return membership_of(partnership, by)


def add_member(
    by: Membership, user: User | None = None, level: Level = Level.CONTRIBUTOR, side: Side = Side.COMPANY
) -> Membership:
    """Let somebody become a member beside the moderator `by`: by default a new person, of a new organisation.

    They have said yes. Their organisation takes part on `side`, unless it takes part already.
    """
    user = user or make_user(organisation=make_organisation(kind=OrganisationKind.COMPANY))
    assert user.organisation_id is not None
    if user.organisation_id not in partnerships_service.participations(by.partnership):
        partnerships_service.set_sides(by, {user.organisation_id: side})
    added = partnerships_service.add_person(by, user, level)
    added.accepted_at = added.accepted_at or clock.now()
    _take_part(by.partnership)
    return added


def membership_of(partnership: Partnership, user: User) -> Membership:
    """The membership of `user` in `partnership`."""
    found = db.session.query(Membership).filter_by(partnership_id=partnership.id, user_id=user.id).one()
    return found


def share(by: Membership, title: str = "", body: str = "", kind: PostKind = PostKind.PROGRESS, **fields: Any) -> Post:
    """Share progress, or a challenge; further fields are those of Post.share."""
    number = next(_numbers)
    post = Post.share(
        by,
        kind=kind,
        title=title or f"Opslag {number}",
        body=rich_text.from_plain(body or f"Her står, hvad der skete som nummer {number}."),
        one_time_key=str(uuid4()),
        **fields,
    )
    return _kept(post)


def challenge(by: Membership, title: str = "", body: str = "", **fields: Any) -> Post:
    """Share a challenge."""
    return share(by, title, body, PostKind.CHALLENGE, **fields)


def comment(post: Post, by: Membership, body: str = "") -> Comment:
    """Comment on `post`."""
    text = body or f"Det er kommentar nummer {next(_numbers)}."
    return _kept(Comment.write(by, post.number, body=rich_text.from_plain(text), one_time_key=str(uuid4())))


def make_role(by: Membership, name: str = "", responsibility: str = "") -> Role:
    """A role, which nobody holds yet."""
    number = next(_numbers)
    return _kept(
        Role.add(
            by,
            name=name or f"Rolle {number}",
            responsibility=responsibility or f"Har ansvar nummer {number}",
            one_time_key=str(uuid4()),
        )
    )


def hold(
    role: Role, member: Membership, by: Membership, kind: Holder = Holder.ACCOUNTABLE, **terms: Any
) -> RoleAssignment:
    """Let `member` accept a role that `by` offers."""
    made = offers.offer(role, by, to=member, kind=kind, **terms)
    answers.accept(made, member)
    return _kept(made)


def measured_indicator(role: Role | None, by: Membership, *others: Membership) -> Indicator:
    """A count that the organisations of `by` and of the others measure each quarter; `role` answers for it."""
    described: dict[str, Any] = {
        "name": f"Indikator {next(_numbers)}",
        "definition": "Det tæller med, og det tæller ikke med.",
        "kind": IndicatorKind.COUNT,
        "rhythm": Rhythm.QUARTER,
        "measures": Measures.FLOW,
        "direction": Direction.UP,
        "pooling": Pooling.TOGETHER,
        "role_id": role.id if role else None,
    }
    owing = [member.organisation_id for member in (by, *others)]
    made = Indicator.add(by, one_time_key=str(uuid4()), organisations=owing, **described)
    return _kept(made)


def measure(indicator: Indicator, by: Membership, number: int = 7) -> Measurement:
    """The number of the member's organisation in the newest quarter."""
    period = latest_ended(indicator.rhythm, clock.now().date())
    brought = Reading(indicator=indicator, organisation_id=by.organisation_id, period=period, numerator=Decimal(number))
    record(by, [brought])
    found = db.session.query(Measurement).filter_by(
        indicator_number=indicator.number, organisation_id=by.organisation_id, replaced_by_number=None
    )
    return _kept(found.one())


def _take_part(partnership: Partnership) -> None:
    """All organisations that are invited have said yes, of which the log doesn't tell."""
    for participation in partnerships_service.participations(partnership).values():
        participation.accepted_at = participation.accepted_at or clock.now()
    db.session.commit()


def _kept(made: Made) -> Made:
    db.session.add(made)
    db.session.commit()
    return made


@cache
def _password_hash() -> str:
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    return PasswordHash((quick,)).hash(PASSWORD)


__all__ = [
    "PASSWORD",
    "Holder",
    "Level",
    "OrganisationKind",
    "PostKind",
    "Side",
    "Stage",
    "add_member",
    "challenge",
    "comment",
    "hold",
    "make_administrator",
    "make_organisation",
    "make_role",
    "make_user",
    "measure",
    "measured_indicator",
    "membership_of",
    "share",
    "start_partnership",
]


def upload_picture(by: Membership, name: str = "Sensor.png") -> File:
    """A picture that is uploaded, and belongs to nothing yet."""
    [number] = receiving.receive(by, [FileStorage(BytesIO(PIXEL), name)], str(uuid4()))
    db.session.commit()
    return db.session.get_one(File, (by.partnership_id, number))


def attach_picture(by: Membership, text: Post | Comment, name: str = "Sensor.png") -> File:
    """A picture that stands in the text, checked and ready."""
    file = upload_picture(by, name)
    with by.partnership.locked():
        attaching.change(by, text.number, Attachments((file.number,)))
    db.session.commit()
    checking.check(by.partnership_id, file.number)
    return db.session.get_one(File, (by.partnership_id, file.number))


def replace_file(by: Membership, number: int) -> None:
    """Put a new version in the place of a picture, checked and ready."""
    receiving.replace(by, number, FileStorage(BytesIO(PIXEL), "Ny.png"), str(uuid4()))
    while checking.check_due():
        pass


def keep_bytes() -> None:
    """Put back the bytes of all files, where a test began with rows of before."""
    rows = db.session.execute(select(FileVersion.storage_key, FileVersion.preview_keys)).all()
    with NamedTemporaryFile() as file:
        Path(file.name).write_bytes(PIXEL)
        for row in rows:
            for key in (row.storage_key, *row.preview_keys.values()):
                storage().put(key, Path(file.name))
    db.session.commit()
