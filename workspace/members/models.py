"""Invitations, invite links, and reports to the moderators."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, Index, String, Text, and_, exists, or_, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from workspace import clock
from workspace.accounts.models import User, email_key
from workspace.db import Model
from workspace.db.statements import inline_literal, now_param
from workspace.db.types import UtcDateTime, enum_column_type
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Level
from workspace.roles.models import USES, Role

VALID = timedelta(days=14)
REMINDED_AFTER = timedelta(days=5)
WAITING = text("answered_at IS NULL")
IN_BATCH = text("batch IS NOT NULL")


class InvitationAnswer(StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


class Invitation(Model):
    """An approval for whoever has the e-mail address: accepting it makes them a member. They may have no account.

    Valid until `expires_at`, for one use. `round` counts how often it was sent. One address has one open invitation.
    `reopens_id` is the ended membership of whoever had the address when they were invited: the moderator saw it, and
    decided to open it again. One with a `link_id` was asked for by a stranger with that link: nobody decided on it.
    Those of one `batch` were sent by one press. `role_id` is a role that whoever accepts is offered, and `objection`
    what the invited person said, at `objected_at`, about the organisation that they are to represent. The moderator
    `withdrawn_by_id`, a membership, withdrew it, or the person `declined_by_id` declined it: None without an account.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "invited_by_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "accepted_by_id"], ["membership.partnership_id", "membership.id"]),
        Index(
            "uq_invitation_partnership_id_email_key",
            "partnership_id",
            "email_key",
            unique=True,
            sqlite_where=text("answer = 'open'"),
            postgresql_where=text("answer = 'open'"),
        ),
        Index("ix_invitation_partnership_id_answer_id", "partnership_id", "answer", "id"),
        Index("ix_invitation_email_key", "email_key"),
        Index("ix_invitation_batch", "partnership_id", "batch", sqlite_where=IN_BATCH, postgresql_where=IN_BATCH),
        Index("ix_invitation_partnership_id_created_at", "partnership_id", "created_at"),
        Index("ix_invitation_invited_by_id_created_at", "invited_by_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100), default="")
    level: Mapped[Level] = mapped_column(enum_column_type(Level, otherwise=Level.OBSERVER))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    language: Mapped[str] = mapped_column(String(5), default="da")
    greeting: Mapped[str] = mapped_column(Text, default="")
    invited_by_id: Mapped[int]
    link_id: Mapped[int | None] = mapped_column(ForeignKey("invitation_link.id"))
    batch: Mapped[str | None] = mapped_column(String(36))
    role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id", ondelete="SET NULL"))
    objection: Mapped[str] = mapped_column(Text, default="")
    objected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[InvitationAnswer] = mapped_column(
        enum_column_type(InvitationAnswer, otherwise=InvitationAnswer.WITHDRAWN), default=InvitationAnswer.OPEN
    )
    accepted_by_id: Mapped[int | None]
    withdrawn_by_id: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_by_id: Mapped[int | None]
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reopens_id: Mapped[int | None]
    round: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    partnership: Mapped[Partnership] = relationship()
    organisation: Mapped[Organisation] = relationship()
    role: Mapped[Role | None] = relationship()
    link: Mapped["InviteLink | None"] = relationship()
    invited_by: Mapped[Membership] = relationship(
        primaryjoin=lambda: Invitation.invited_by_id == Membership.id,
        foreign_keys=lambda: Invitation.invited_by_id,
        viewonly=True,
    )

    @validates("email")
    def _key_email(self, key: str, email: str) -> str:
        self.email_key = email_key(email)
        return email

    @hybrid_property
    def has_way_in(self) -> bool:
        """Whether the link that it was asked for with is open; true for one that a moderator sent."""
        return self.link is None or self.link.is_open

    @has_way_in.inplace.expression
    @classmethod
    def _has_way_in(cls) -> ColumnElement[bool]:
        return or_(cls.link_id.is_(None), exists().where(InviteLink.id == cls.link_id, InviteLink.is_open))

    @hybrid_property
    def is_open(self) -> bool:
        """Whether it can be accepted."""
        return self.answer is InvitationAnswer.OPEN and self.expires_at > clock.now() and self.has_way_in

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        is_unanswered = cls.answer == inline_literal(InvitationAnswer.OPEN)
        return and_(is_unanswered, cls.expires_at > now_param(), cls.has_way_in)

    def was_declined_by(self, user: User | None) -> bool:
        """Whether it was `user` who declined it, or for None somebody who was not signed in."""
        return self.answer is InvitationAnswer.DECLINED and self.declined_by_id == (user.id if user else None)

    def is_decision_about(self, membership: Membership | None) -> bool:
        """Whether a moderator, by inviting, decided about the person whose membership this is, and nobody has since."""
        if self.link_id is not None:
            return False
        if membership is None or (membership.decided_at is None and not membership.is_barred):
            return True
        decided_at = max(moment for moment in (membership.decided_at, membership.ends_at) if moment)
        return self.reopens_id == membership.id and self.created_at >= decided_at


# An invitation that has been answered or withdrawn offers no role any more; one that has expired can be sent again.
USES.append((Invitation, Invitation.answer == InvitationAnswer.OPEN))


class InviteLink(Model):
    """A link to show at a meeting: whoever has it can join, within limits of time and number."""

    __tablename__ = "invitation_link"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "made_by_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_invitation_link_partnership_id_id", "partnership_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    level: Mapped[Level] = mapped_column(enum_column_type(Level, otherwise=Level.OBSERVER))
    made_by_id: Mapped[int]
    most_uses: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None]

    partnership: Mapped[Partnership] = relationship()

    @hybrid_property
    def is_open(self) -> bool:
        """Whether anybody can still join by it."""
        return self.closed_at is None and self.expires_at > clock.now() and self.uses < self.most_uses

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return and_(cls.closed_at.is_(None), cls.expires_at > now_param(), cls.uses < cls.most_uses)


class Verdict(StrEnum):
    """The moderators' answer to a report."""

    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    CORRECTION = "correction"


class Report(Model):
    """A member's report to the moderators about the post or comment `number`; `post_number` is its post.

    One answer settles all reports of the same text. Nobody has two open reports of one text.
    """

    __tablename__ = "report"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "post_number"], ["post.partnership_id", "post.number"]),
        ForeignKeyConstraint(["partnership_id", "reporter_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "answered_by_id"], ["membership.partnership_id", "membership.id"]),
        Index(
            "uq_report_partnership_id_number_reporter_id",
            "partnership_id",
            "number",
            "reporter_id",
            unique=True,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_report_waiting", "partnership_id", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_report_partnership_id_id", "partnership_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    number: Mapped[int]
    post_number: Mapped[int]
    reporter_id: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    verdict: Mapped[Verdict | None] = mapped_column(enum_column_type(Verdict, otherwise=Verdict.KEPT))
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None]
    # The moderator who is looking at it, so that two don't do the same.
    handled_by_id: Mapped[int | None]

    @property
    def is_of_comment(self) -> bool:
        """Whether it is about a comment, and not about the post."""
        return self.number != self.post_number
