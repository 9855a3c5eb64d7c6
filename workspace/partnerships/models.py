"""A partnership, the organisations that take part in it, and its memberships."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, validates

from workspace import clock
from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db import Model, db
from workspace.db.statements import core_connection, now_param
from workspace.db.transactions import begin_write
from workspace.db.types import AnySelect, Details, SortKey, UtcDateTime, enum_column_type
from workspace.i18n import danish
from workspace.organisations.models import Organisation, Side
from workspace.permissions import LEVELS, Action, Conflict, Level, NotAllowed, permits


class Stage(StrEnum):
    """How far a partnership has come. Being archived is separate from it."""

    IDEA = "idea"
    AGREEMENT = "agreement"
    TRIAL = "trial"
    OPERATION = "operation"
    SPREADING = "spreading"

    @property
    def number(self) -> int:
        """1 to 5."""
        return list(Stage).index(self) + 1


class Visibility(StrEnum):
    """Whether people who are no members can know of a partnership: its name, purpose and organisations."""

    HIDDEN = "hidden"
    LISTED = "listed"


class MembershipState(StrEnum):
    """Whether a membership gives access: only an active one does."""

    REQUESTED = "requested"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Ending(StrEnum):
    """How a membership, or a request for one, ended."""

    DECLINED = "declined"
    TAKEN_BACK = "taken_back"
    REMOVED = "removed"
    LEFT = "left"
    EXPIRED = "expired"
    MOVED = "moved"


class PartnershipDigest(StrEnum):
    """Whether a member's digests tell of a partnership: as often as they come, on every workday, or never."""

    USUAL = "usual"
    DAILY = "daily"
    NEVER = "never"


class PartnershipLink(NamedTuple):
    """A partnership's name and address, as fragments get them."""

    address: str


class Partnership(Model):
    """The shared space around one joint purpose. Its log is numbered by `last_number`, without a gap."""

    __tablename__ = "partnership"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(SortKey)
    purpose: Mapped[str] = mapped_column(Text)
    stage: Mapped[Stage] = mapped_column(enum_column_type(Stage, otherwise=Stage.IDEA), default=Stage.IDEA)
    visibility: Mapped[Visibility] = mapped_column(
        enum_column_type(Visibility, otherwise=Visibility.HIDDEN), default=Visibility.HIDDEN
    )
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_number: Mapped[int] = mapped_column(default=0)
    # How many posts and comments have been written in it.
    text_count: Mapped[int] = mapped_column(default=0)
    # The newest activity of any post in it; what else happens does not count (overview/queries.py rests on it).
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    # How many challenges in it are open or in progress, for the tab and the lists.
    unsolved_count: Mapped[int] = mapped_column(default=0)
    # How many indicators it has, in use or not: the tab of results is shown where there is one.
    indicator_count: Mapped[int] = mapped_column(default=0)
    # How many files have been attached to something: the tab of files is shown where there are any. And the number of
    # the newest file, and how many bytes the versions of all of them take.
    file_count: Mapped[int] = mapped_column(default=0)
    last_file_number: Mapped[int] = mapped_column(default=0)
    file_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    # Mails about it carry titles, but no text: for confidential work.
    titles_only: Mapped[bool] = mapped_column(default=False)
    # How many new addresses may be invited a day, where an administrator has decided it.
    invitation_limit: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    one_time_key: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("started_by_id", "one_time_key"),)

    goal_rows: Mapped[list["PartnershipGoal"]] = relationship(
        order_by="PartnershipGoal.number", cascade="all, delete-orphan", passive_deletes=True
    )

    @validates("name")
    def _key_name(self, key: str, name: str) -> str:
        self.name_key = danish.sort_key(name)
        return name

    @property
    def address(self) -> str:
        """The path of its page."""
        return f"/partnerships/{self.slug}/"

    @property
    def link(self) -> PartnershipLink:
        """Its name and address, as a value for fragments."""
        return PartnershipLink(self.address)

    @property
    def is_archived(self) -> bool:
        """Whether it can only be read."""
        return self.archived_at is not None

    @property
    def goals(self) -> list[int]:
        """The numbers of its goals, 1 to 17, ascending."""
        return [goal.number for goal in self.goal_rows]

    @goals.setter
    def goals(self, numbers: list[int]) -> None:
        existing = {goal.number: goal for goal in self.goal_rows}
        self.goal_rows = [existing.get(number) or PartnershipGoal(number=number) for number in sorted(set(numbers))]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock this partnership's row, and read everything again: what is checked now stays true until the commit."""
        partnership_id = self.id
        _forget()
        db.session.scalar(_lock(Partnership, partnership_id))
        yield


def _lock(what: Any, partnership_id: int) -> AnySelect:
    """The statement that locks a partnership's row and reads `what` of it: all of it, or a column."""
    row = select(what).where(Partnership.id == partnership_id)
    return row.with_for_update().execution_options(populate_existing=True)


def _forget() -> None:
    """Begin to write, and expire all loaded objects, so that they are read again."""
    begin_write()
    db.session.flush()
    db.session.expire_all()


class PartnershipGoal(Model):
    """One of the 17 goals that a partnership works for."""

    __tablename__ = "partnership_goal"

    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class Participation(Model):
    """An organisation's part in a partnership, on a side. Until it is accepted, the organisation is only invited."""

    __tablename__ = "participation"

    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True, index=True)
    side: Mapped[Side] = mapped_column(enum_column_type(Side, otherwise=Side.OTHERS))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    organisation: Mapped[Organisation] = relationship()


class Membership(Model):
    """One person in one partnership: the actor of everything that the person does in it.

    The organisation is the one that the person represents there; whoever changes organisation gets a new membership,
    and what they did before stays with the old one (`ending` is then MOVED). `seen_number` and `digested_number` are
    bookmarks in the log: nothing up to `seen_number` is new. Up to `read_number` it was read; what lies between was
    passed over unread (partnerships/reading.py). `known_texts` counts the posts and comments that are not new: read,
    the member's own, or withdrawn. `read_at` is when they last read something; notices are of entries after
    `notices_after`.

    `accepted_at` is when the person said yes to being in (None for somebody whom a moderator has added, and who has not
    answered: the others don't see how to reach them). `joined_at` is when they first joined (None for somebody who has
    only asked to), `state_since` when the current state began, `decided_by_id` who decided it (a membership's id; None
    for what happened on a date or the person did), and `reason` why, in words that the person sees. `request_text` is
    what somebody wrote who asked to join, `moderator_question` what the moderators want to know first,
    `request_exchange` what they have asked and got an answer to (under "turns", as pairs). A suspension
    ends by itself at `suspended_until`, a membership at `ends_at`: from that moment, whether or not it is recorded yet
    (members/expiry.py). `mail_timing` is how soon, at the earliest, the member gets mail about what happens here.

    `decided_at` is when moderators last decided about this person, and `decided_level` what they decided: the level,
    or None where they ended the membership or declined the request. What the person does meanwhile, such as leaving,
    asking again or coming back by a link, changes neither (None and None: nobody has decided about them yet).
    """

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("partnership_id", "id"),
        Index(
            "uq_membership_partnership_id_user_id",
            "partnership_id",
            "user_id",
            unique=True,
            sqlite_where=text("ending IS NULL OR ending <> 'moved'"),
            postgresql_where=text("ending IS NULL OR ending <> 'moved'"),
        ),
        Index("ix_membership_user_id_state", "user_id", "state"),
        Index("ix_membership_partnership_id_state", "partnership_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    level: Mapped[Level] = mapped_column(enum_column_type(Level, otherwise=Level.OBSERVER))
    state: Mapped[MembershipState] = mapped_column(
        enum_column_type(MembershipState, otherwise=MembershipState.ENDED), default=MembershipState.ACTIVE
    )
    seen_number: Mapped[int] = mapped_column(default=0)
    read_number: Mapped[int] = mapped_column(default=0)
    known_texts: Mapped[int] = mapped_column(default=0)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notices_after: Mapped[int] = mapped_column(default=0)
    digested_number: Mapped[int] = mapped_column(default=0)
    digest_frequency: Mapped[PartnershipDigest] = mapped_column(
        enum_column_type(PartnershipDigest, otherwise=PartnershipDigest.USUAL), default=PartnershipDigest.USUAL
    )
    mail_timing: Mapped[MailTiming] = mapped_column(
        enum_column_type(MailTiming, otherwise=MailTiming.AT_ONCE), default=MailTiming.AT_ONCE
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=clock.now)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state_since: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    decided_by_id: Mapped[int | None]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_level: Mapped[Level | None] = mapped_column(enum_column_type(Level, otherwise=Level.OBSERVER))
    suspended_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ending: Mapped[Ending | None] = mapped_column(enum_column_type(Ending, otherwise=Ending.REMOVED))
    reason: Mapped[str] = mapped_column(Text, default="")
    request_text: Mapped[str] = mapped_column(Text, default="")
    moderator_question: Mapped[str] = mapped_column(Text, default="")
    request_exchange: Mapped[dict[str, Any]] = mapped_column(Details, default=dict)
    # What the last decision replaced, as long as it can be undone (members/moderation/undoing.py).
    before_decision: Mapped[dict[str, Any]] = mapped_column(Details, default=dict, nullable=True)
    # The moderator who offers this member to take over from them.
    moderation_offered_by_id: Mapped[int | None]
    link_id: Mapped[int | None]

    partnership: Mapped[Partnership] = relationship()
    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The same for what this member does, with its membership, partnership and person read again at once."""
        membership_id, partnership_id = self.id, self.partnership_id
        _forget()
        core_connection().execute(_lock(Partnership.id, partnership_id))
        db.session.scalar(_membership_with_relations(membership_id))
        yield

    @property
    def unread(self) -> int:
        """How many posts and comments are new to this member: by others, not withdrawn, and not read."""
        return max(0, self.partnership.text_count - self.known_texts)

    @property
    def has_news(self) -> bool:
        """Whether anything at all came after this member's bookmark."""
        return self.partnership.last_number > self.seen_number

    def start_reading(self) -> None:
        """Nothing that is there now is new to this member."""
        self.seen_number = self.read_number = self.partnership.last_number
        self.known_texts = self.partnership.text_count
        self.notices_after = self.partnership.last_number

    @hybrid_property
    def is_active(self) -> bool:
        """Whether this membership gives access now. The one condition of every query about active members."""
        now = clock.now()
        is_over = self.suspended_until is not None and self.suspended_until <= now
        is_in = self.state is MembershipState.ACTIVE or (self.state is MembershipState.SUSPENDED and is_over)
        return is_in and (self.ends_at is None or self.ends_at > now)

    @is_active.inplace.expression
    @classmethod
    def _is_active(cls) -> ColumnElement[bool]:
        now = now_param()
        return and_(
            or_(
                cls.state == MembershipState.ACTIVE,
                # Never NULL, since its negation is used to find those without access.
                and_(
                    cls.state == MembershipState.SUSPENDED, cls.suspended_until.is_not(None), cls.suspended_until <= now
                ),
            ),
            or_(cls.ends_at.is_(None), cls.ends_at > now),
        )

    @hybrid_property
    def can_hold_roles(self) -> bool:
        """Whether they can take care of something: an observer has what they held on paper, as who is on hold does."""
        return self.is_active and self.level is not Level.OBSERVER

    @can_hold_roles.inplace.expression
    @classmethod
    def _can_hold_roles(cls) -> ColumnElement[bool]:
        return and_(cls.is_active, cls.level != Level.OBSERVER)

    @hybrid_property
    def is_present(self) -> bool:
        """Whether this is the person's current membership, not one for an organisation that they represented before."""
        return self.ending is not Ending.MOVED

    @is_present.inplace.expression
    @classmethod
    def _is_present(cls) -> ColumnElement[bool]:
        return cls.ending.is_distinct_from(Ending.MOVED)

    @hybrid_property
    def has_ended(self) -> bool:
        """Whether it has ended, even if that has not been recorded yet."""
        return self.state is MembershipState.ENDED or (self.ends_at is not None and self.ends_at <= clock.now())

    @has_ended.inplace.expression
    @classmethod
    def _has_ended(cls) -> ColumnElement[bool]:
        return or_(cls.state == MembershipState.ENDED, and_(cls.ends_at.is_not(None), cls.ends_at <= now_param()))

    @property
    def is_barred(self) -> bool:
        """Whether moderators ended it, now or on its date: only a moderator's new decision opens it again."""
        is_ended = self.decided_at is not None and self.decided_level is None
        return is_ended or (self.ends_at is not None and self.ends_at <= clock.now())

    def decide(self, level: Level | None, *, at: datetime | None = None) -> None:
        """Store a moderator's decision about this person: the level, or None for no access."""
        self.decided_at, self.decided_level = at or clock.now(), level
        self.before_decision = {}

    def level_within_decision(self, offered: Level) -> Level:
        """What somebody gets who comes in by themselves: never more than moderators decided last.

        Raises NotAllowed where they decided that the person has no access.
        """
        if self.is_barred:
            raise NotAllowed(_("The moderators have ended your access. Only a moderator can let you in again."))
        return min(offered, self.decided_level or offered, key=LEVELS.index)

    def transition_to(self, state: MembershipState, *, by: "Membership | None" = None, reason: str = "") -> None:
        """Change the state to `state`, by the decision of `by`, and clear what belonged to the last one."""
        self.state, self.state_since, self.reason = state, clock.now(), reason
        self.decided_by_id = by.id if by else None
        self.suspended_until = self.ending = None
        self.moderator_question, self.moderation_offered_by_id = "", None
        self.before_decision = {}

    def may(self, action: Action) -> bool:
        """Whether this member may do `action` now."""
        return self.is_active and permits(self.level, action, archived=self.partnership.is_archived)

    def sits_for(self, organisation_id: int) -> bool:
        """Whether this member represents the organisation here, now: the second dimension of access."""
        return self.is_active and self.organisation_id == organisation_id

    def require(self, action: Action) -> None:
        """Raise the appropriate error unless this member may do `action`: the check under the lock.

        An account that was closed while the request waited for the lock may do nothing.
        """
        if not self.user.is_active or not self.may(action):
            if self.user.is_active and self.partnership.is_archived and self.is_active and permits(self.level, action):
                raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
            raise NotAllowed(
                _("Your access here does not include this. A moderator of the partnership can change that.")
            )


def _membership_with_relations(membership_id: int) -> Select[Membership]:
    member = select(Membership).where(Membership.id == membership_id)
    holder = joinedload(Membership.user, innerjoin=True)
    organisation = joinedload(Membership.organisation, innerjoin=True)
    partnership = joinedload(Membership.partnership, innerjoin=True)
    return member.options(holder, organisation, partnership).execution_options(populate_existing=True)
