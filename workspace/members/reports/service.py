"""Reports: a member reports a post or comment, and the moderators keep it or withdraw it, with a reason."""

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import Select, select, update

from workspace import clock
from workspace.audit.models import AuditAction, record_audit
from workspace.comments.models import Comment
from workspace.db import db
from workspace.mail.models import enqueue_all, mail_row
from workspace.members.models import Report, Verdict
from workspace.members.moderation.service import other_moderators
from workspace.members.verbs import CORRECTED_AS_ASKED
from workspace.notifications.dispatch import NotificationKind, send_immediate
from workspace.notifications.notices import Topic, read_notices
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Action, Conflict
from workspace.posts import follows
from workspace.posts.authored_text import on_correction, on_erase
from workspace.posts.models import Post


def report(by: Membership, thing: Post | Comment, reason: str) -> Report:
    """Report it to the moderators. Does nothing while one's earlier report of it is open."""
    with by.partnership.locked():
        by.require(Action.REPORT)
        thing.require_present()
        if thing.author_id == by.id:
            raise Conflict(_("You wrote this yourself, so you can edit or withdraw it."))
        made = db.session.scalar(
            _open(by.partnership).where(Report.number == thing.number, Report.reporter_id == by.id)
        )
        if made is None:
            made = Report(
                partnership_id=by.partnership_id,
                number=thing.number,
                post_number=thing.post_number if isinstance(thing, Comment) else thing.number,
                reporter_id=by.id,
                reason=reason,
            )
            db.session.add(made)
            db.session.flush()
            record_audit(AuditAction.REPORTED, actor=by.user, partnership=by.partnership, number=thing.number)
            _tell_moderators(made, by, thing)
        return made


def answer(by: Membership, report_id: int, verdict: Verdict, reason: str) -> Report:
    """Keep the reported text, withdraw it, or ask its author to correct it, which marks it until they have.

    This settles all reports of the same text, and the author is told why.

    Raises Conflict if it has been answered, or if the actor wrote it and another moderator can answer.
    """
    with by.partnership.locked():
        by.require(Action.WITHDRAW_OTHERS)
        found = report_with(by.partnership, report_id)
        if found.answered_at is not None:
            raise Conflict(_("Another moderator has answered the report in the meantime."))
        thing = thing_of(found)
        thing.require_present()
        if thing.author_id == by.id and other_moderators(by):
            raise Conflict(_("You wrote this yourself, so another moderator answers the report."))
        if verdict is Verdict.KEPT:
            thing.kept_reason = reason
        elif verdict is Verdict.CORRECTION:
            thing.correction_reason = reason
            _follow(by, found.post_number)
        elif isinstance(thing, Comment):
            post = db.session.get_one(Post, (thing.partnership_id, thing.post_number))
            thing.withdraw(by, post, reason, tells_author=False)
        else:
            thing.withdraw(by, reason, tells_author=False)
        answered = db.session.scalars(_open(by.partnership).where(Report.number == found.number)).all()
        for each in answered:
            each.verdict, each.answer, each.answered_at, each.answered_by_id = verdict, reason, clock.now(), by.id
            each.handled_by_id = None
        author = thing.author
        # The reason is stored only in the report, where it can be erased along with the text.
        record_audit(
            AuditAction.ANSWERED_REPORT,
            actor=by.user,
            subject=author.user,
            partnership=by.partnership,
            number=thing.number,
            after=verdict.value,
        )
        _tell(found, author, [db.session.get_one(Membership, each.reporter_id) for each in answered])
        return found


def handle(by: Membership, report_id: int, *, handles: bool) -> Report:
    """Let the other moderators see that one looks at it, or no longer does; another may take it over.

    Raises Conflict if it has been answered.
    """
    with by.partnership.locked():
        by.require(Action.WITHDRAW_OTHERS)
        found = report_with(by.partnership, report_id)
        if found.answered_at is not None:
            raise Conflict(_("Another moderator has answered the report in the meantime."))
        for each in db.session.scalars(_open(by.partnership).where(Report.number == found.number)).all():
            each.handled_by_id = by.id if handles else None
        return found


def read_withdrawn(by: Membership, report_id: int) -> Post | Comment | None:
    """The withdrawn text that a report is about, which the audit log notes that `by` has read.

    It is there until it is deleted for good, and then None. What its author took back before anybody reported it stays
    theirs: None.
    """
    by.require(Action.WITHDRAW_OTHERS)
    found = report_with(by.partnership, report_id)
    thing = thing_of(found)
    if thing.withdrawn_at is None or thing.redacted_at is not None:
        return None
    if thing.withdrawn_by_id == thing.author_id and found.created_at > thing.withdrawn_at:
        return None
    author = thing.author.user
    about = {"partnership": by.partnership, "number": thing.number}
    record_audit(AuditAction.READ_WITHDRAWN, actor=by.user, subject=author, **about)
    return thing


def report_with(partnership: Partnership, report_id: int) -> Report:
    """The partnership's report with that id; 404 for one of another partnership."""
    found = db.session.get(Report, report_id)
    return found if found and found.partnership_id == partnership.id else abort(404)


def thing_of(found: Report) -> Post | Comment:
    """The post or the comment that was reported."""
    key = (found.partnership_id, found.number)
    return db.session.get_one(Comment, key) if found.is_of_comment else db.session.get_one(Post, key)


def _open(partnership: Partnership) -> Select[Report]:
    """The reports that wait for an answer."""
    return select(Report).where(Report.partnership_id == partnership.id, Report.answered_at.is_(None))


def _follow(by: Membership, post_number: int) -> None:
    """Let the moderator hear what becomes of a post, and what was said of it before be no news."""
    if db.session.get(follows.Follow, (by.partnership_id, post_number, by.id)) is None:
        read_notices(by.id, Topic.POST, post_number, by.partnership.last_number)
        follows.auto_follow(by.partnership_id, post_number, [by.id])


def _tell_moderators(made: Report, by: Membership, thing: Post | Comment) -> None:
    """Mail the moderators who want it at once: the author only if nobody else can answer."""
    others = {member.id for member in other_moderators(by)}
    told = others - {thing.author_id}
    if not told and not by.may(Action.WITHDRAW_OTHERS):
        told = others
    send_immediate({NotificationKind.REPORT: told}, made.partnership_id, key=f"report:{made.id}", report=made.id)


def _tell(found: Report, author: Membership, reporters: list[Membership]) -> None:
    """Mail the author and those who reported it."""
    rows = [
        mail_row(
            "report_on_yours",
            key=f"report_on_yours:{found.id}",
            to=author.user_id,
            report=found.id,
            membership=author.id,
        )
    ]
    rows += [
        mail_row(
            "report_answered",
            key=f"report_answered:{found.id}:{member.id}",
            to=member.user_id,
            report=found.id,
            membership=member.id,
        )
        for member in reporters
    ]
    enqueue_all(rows)


def _forget(partnership_id: int, number: int) -> None:
    """Erase the words of reports about a text that is erased: they may repeat it."""
    reports = update(Report).where(Report.partnership_id == partnership_id, Report.number == number)
    db.session.execute(reports.values(reason="", answer="").execution_options(synchronize_session="fetch"))


def _tell_of_correction(partnership_id: int, number: int) -> None:
    """Tell the moderator who asked for a correction that the text has been edited: by mail as they hear of reports."""
    asked = select(Report).where(
        Report.partnership_id == partnership_id, Report.number == number, Report.verdict == Verdict.CORRECTION
    )
    found = db.session.scalars(asked.order_by(Report.answered_at.desc(), Report.id).limit(1)).first()
    if found is not None and found.answered_by_id is not None:
        author, asker = thing_of(found).author, db.session.get_one(Membership, found.answered_by_id)
        about = {"comment": number} if found.is_of_comment else {}
        record_by(author, CORRECTED_AS_ASKED, post_number=found.post_number, subject=asker, **about)
        told = {NotificationKind.REPORT: [found.answered_by_id]}
        send_immediate(told, partnership_id, key=f"corrected:{found.id}", report=found.id)


on_erase.append(_forget)
on_correction.append(_tell_of_correction)
