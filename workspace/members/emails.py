"""Mails about membership. Their content is read when they are sent; one that is no longer true is not sent."""

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n.formatting import last_date, short_date, spoken
from workspace.mail.message_types import PROMPT, EmailContent, email_type, link, render_email
from workspace.mail.models import Mail
from workspace.members.invitations import limits
from workspace.members.invitations import service as invitations_service
from workspace.members.models import Invitation, InvitationAnswer, Report, Verdict
from workspace.members.moderation import handover
from workspace.members.organisation_requests.models import OrganisationRequest
from workspace.members.reports import service as reports_service
from workspace.notifications import emails
from workspace.notifications.emails import carries_titles_only
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Ending, Membership, MembershipState
from workspace.permissions import Action, Level
from workspace.posts.models import Post
from workspace.rich_text.link_removal import unlinked

# What nobody gives a reason for.
WITHOUT_REASON = ("level_changed", "moderation_offered", "moderation_declined")


@email_type("invitation", _l("Invitation to a partnership"), priority=PROMPT)
@email_type("reminder", _l("Reminder of an invitation"))
def invitation(mail: Mail) -> EmailContent | None:
    """The invitation, or a reminder of it. It goes to strangers, so nothing that somebody wrote is a link in it."""
    found = db.session.get(Invitation, mail.payload["invitation"])
    if found is None or not found.is_open or mail.payload.get("round", found.round) != found.round:
        return None
    is_reminder = mail.kind == "reminder"
    if is_reminder and limits.exhausted([found.email_key], but=mail.key):
        return None
    inviter = found.invited_by
    with force_locale(spoken(found.language)):
        return render_email(
            "invitation",
            sender=unlinked(found.partnership.name),
            who=unlinked(inviter.user.name),
            organisation=unlinked(inviter.organisation.name),
            invitation=found,
            represents=unlinked(invitations_service.represented(found).name),
            role=unlinked(found.role.name) if found.role else "",
            is_reminder=is_reminder,
            greeting="" if carries_titles_only(found.partnership) else unlinked(found.greeting),
            address=link(f"/invitations/{invitations_service.token(found)}"),
        )


@email_type("objection", _l("Objection to the organisation in an invitation"))
def objection(mail: Mail) -> EmailContent | None:
    """To whoever can mend it: the invited person says that they don't represent that organisation."""
    found = db.session.get(Invitation, mail.payload["invitation"])
    membership = db.session.get(Membership, mail.payload["membership"])
    if (
        found is None
        or not found.is_open
        or not found.objection
        or membership is None
        or not membership.may(Action.ADD_MEMBERS)
    ):
        return None
    return render_email(
        "objection",
        sender=found.partnership.name,
        invitation=found,
        words="" if carries_titles_only(found.partnership) else unlinked(found.objection),
        address=link(f"{found.partnership.address}invitations/open?state=objected"),
    )


@email_type("organisation_wanted", _l("Request for an organisation"))
def organisation_wanted(mail: Mail) -> EmailContent | None:
    """To an administrator: a moderator misses an organisation."""
    wanted = db.session.get(OrganisationRequest, mail.payload["request"])
    if wanted is None or wanted.answered_at or mail.user is None or not mail.user.is_administrator:
        return None
    return render_email("organisation_wanted", wanted=wanted, address=link("/admin/organisation-requests"))


@email_type("organisation_answered", _l("Answer about an organisation that was asked for"))
def organisation_answered(mail: Mail) -> EmailContent | None:
    """To whoever asked, if they still invite: the organisation is there, or is not going to be."""
    wanted = db.session.get(OrganisationRequest, mail.payload["request"])
    if wanted is None or wanted.answered_at is None or not wanted.asked_by.may(Action.ADD_MEMBERS):
        return None
    return render_email(
        "organisation_answered",
        sender=wanted.partnership.name,
        wanted=wanted,
        address=link(f"{wanted.partnership.address}invitations"),
    )


@email_type("invited_closed", _l("Invitation to a closed account"))
def invited_closed(mail: Mail) -> EmailContent | None:
    """To an administrator: somebody whose account is closed was invited, and only they can open it."""
    query = (
        select(User, Invitation)
        .join(Invitation, Invitation.email_key == User.email_key)
        .where(
            Invitation.id.in_(mail.payload["invitations"]),
            Invitation.answer == InvitationAnswer.OPEN,
            User.deactivated_at.is_not(None),
        )
        .order_by(User.name_key)
    )
    found = [
        (user, invitation, link(f"/people/{user.id}/memberships"))
        for user, invitation in db.session.execute(query)
        if invitation.is_open
    ]
    if not found or mail.user is None or not mail.user.is_administrator:
        return None
    return render_email("invited_closed", invited=found)


@email_type("added", _l("Added to a partnership"))
@email_type("approved", _l("Request to join approved"))
@email_type("declined", _l("Request to join declined"))
@email_type("asked_back", _l("Question about a request to join"))
@email_type("reconsidered", _l("Answer to a request withdrawn"))
@email_type("suspended", _l("Access on hold"))
@email_type("lifted", _l("Access opened again"))
@email_type("removed", _l("Removed from a partnership"))
@email_type("ending", _l("Access ends soon"))
@email_type("moved", _l("Changed organisation"))
@email_type("level_changed", _l("Access changed"))
@email_type("moderation_offered", _l("Moderator role offered"))
@email_type("moderation_declined", _l("Moderator role declined"))
def membership_email(mail: Mail) -> EmailContent | None:
    """A change of one's membership, as long as it is still so."""
    membership = db.session.get(Membership, mail.payload["membership"])
    if membership is None or membership.user_id != mail.user_id or not _is_so(mail, membership):
        return None
    heading, said = _words(mail.kind, membership)
    return render_email(
        "membership",
        sender=membership.partnership.name,
        membership=membership,
        heading=heading,
        said=said,
        words=_reason(mail.kind, membership),
        address=link(membership.partnership.address if membership.is_active else "/memberships"),
    )


def _reason(kind: str, membership: Membership) -> str:
    """What a moderator wrote about it, where mails carry text."""
    if kind in WITHOUT_REASON or carries_titles_only(membership.partnership):
        return ""
    return membership.moderator_question if kind == "asked_back" else membership.reason


def _words(kind: str, membership: Membership) -> tuple[str, str]:
    """The heading and the first lines of a mail about a membership."""
    name, level = membership.partnership.name, str(LEVELS[membership.level]).lower()
    member = _("You are a member of ‘%(name)s’", name=name)
    until = short_date(membership.suspended_until) if membership.suspended_until else ""
    hidden = carries_titles_only(membership.partnership)
    return {
        "added": lambda: (
            member,
            _(
                "A moderator has added you as %(level)s. If you don't want to be a member, you can leave at once,"
                " under ‘Members’.",
                level=level,
            ),
        ),
        "approved": lambda: (member, _("A moderator has approved your request, as %(level)s.", level=level)),
        "declined": lambda: (
            _("Your request to join ‘%(name)s’ was declined", name=name),
            _("You can see the reason in the workspace.") if hidden else _("The moderators give this reason:"),
        ),
        "asked_back": lambda: (
            _("The moderators of ‘%(name)s’ have a question", name=name),
            _("Answer it in the workspace before they can answer your request.")
            if hidden
            else _("They want to know this before they answer your request:"),
        ),
        "reconsidered": lambda: (
            _("Your request to join ‘%(name)s’ is looked at again", name=name),
            _("A moderator has withdrawn the answer. You get an e-mail when there is a new one."),
        ),
        "suspended": lambda: (
            _("Your access to ‘%(name)s’ is on hold", name=name),
            _("You can't see the partnership until %(day)s. What you wrote stays.", day=until)
            if until
            else _("You can't see the partnership until a moderator opens your access again. What you wrote stays."),
        ),
        "lifted": lambda: (
            _("You have access to ‘%(name)s’ again", name=name),
            _("Everything is where you left it."),
        ),
        "level_changed": lambda: (
            _("Your access to ‘%(name)s’ has changed", name=name),
            _("From now on you take part as %(level)s.", level=level),
        ),
        "moderation_offered": lambda: (
            _("You are asked to become moderator of ‘%(name)s’", name=name),
            _("A moderator offers to hand the role over to you. Answer in the workspace, on your overview."),
        ),
        "moderation_declined": lambda: (
            _("Your offer to hand over ‘%(name)s’ was declined", name=name),
            _("You are still a moderator. You can offer the role to somebody else, under ‘Members’."),
        ),
        "removed": lambda: (
            _("You are no longer a member of ‘%(name)s’", name=name),
            _("You can no longer see the partnership. What you wrote stays under your name."),
        ),
        "ending": lambda: (
            _("Your last day in ‘%(name)s’ is %(day)s", name=name, day=last_date(membership.ends_at or clock.now())),
            _("After that day you can no longer see the partnership. Ask a moderator if you are to stay longer."),
        ),
        "moved": lambda: (
            _("You now represent %(organisation)s in ‘%(name)s’", organisation=membership.organisation.name, name=name),
            _(
                "What you wrote until now stays under the organisation that you had. The roles that you had for it are"
                " vacant."
            ),
        ),
    }[kind]()


def _is_so(mail: Mail, membership: Membership) -> bool:
    """Whether the membership still is what the mail says."""
    if mail.kind == "ending":
        return (
            membership.is_active
            and membership.ends_at is not None
            and membership.ends_at.isoformat() == mail.payload["ends_at"]
        )
    return {
        "added": membership.is_active,
        "approved": membership.is_active,
        "lifted": membership.is_active,
        "moved": membership.is_active,
        "moderation_offered": handover.offered_by(membership) is not None,
        "moderation_declined": membership.is_active and membership.level is Level.MODERATOR,
        "level_changed": membership.is_active and mail.payload.get("level") == membership.level,
        "suspended": membership.state is MembershipState.SUSPENDED and not membership.is_active,
        "asked_back": membership.state is MembershipState.REQUESTED and bool(membership.moderator_question),
        "reconsidered": membership.state is MembershipState.REQUESTED,
        "declined": membership.ending is Ending.DECLINED,
        "removed": membership.ending is Ending.REMOVED,
    }[mail.kind]


@email_type("report", _l("Report for the moderators"))
def report(mail: Mail) -> EmailContent | None:
    """To a moderator: something was reported and waits for an answer, or was corrected as this moderator asked.

    Who reported it is only shown on the page.
    """
    membership, found = emails.recipient_membership(mail), db.session.get(Report, mail.payload["report"])
    if membership is None or not membership.may(Action.WITHDRAW_OTHERS) or found is None:
        return None
    is_corrected = found.verdict is Verdict.CORRECTION and found.answered_by_id == membership.id
    if found.answered_at is not None and not is_corrected:
        return None
    thing = reports_service.thing_of(found)
    post = db.session.get_one(Post, (found.partnership_id, found.post_number))
    if thing.is_withdrawn or post.is_withdrawn:
        return None
    return emails.notification_email(
        mail,
        membership,
        heading=(
            _("Corrected, as you asked: %(title)s", title=post.title)
            if is_corrected
            else _("Reported to the moderators: %(title)s", title=post.title)
        ),
        quote=found.answer if is_corrected else found.reason,
        path=f"posts/{post.number}" + (f"?comment={thing.number}" if found.is_of_comment else "")
        if is_corrected
        else "reports",
        button=_("Read the text") if is_corrected else _("Answer"),
    )


@email_type("request", _l("Request to join, for the moderators"))
def request(mail: Mail) -> EmailContent | None:
    """To a moderator: somebody asks to join, or has answered the moderators' question, and still waits."""
    membership, asking = emails.recipient_membership(mail), db.session.get(Membership, mail.payload["asking"])
    if membership is None or not membership.may(Action.ADD_MEMBERS):
        return None
    if asking is None or asking.state is not MembershipState.REQUESTED or asking.moderator_question:
        return None
    names = {"name": asking.user.name, "organisation": asking.organisation.name}
    return emails.notification_email(
        mail,
        membership,
        heading=_("%(name)s from %(organisation)s asks to join", **names),
        quote=asking.request_text,
        path="members#requests",
        button=_("See the request"),
    )


@email_type("report_on_yours", _l("Answer to a report of what one wrote"))
@email_type("report_answered", _l("Answer to one's own report"))
def about_a_report(mail: Mail) -> EmailContent | None:
    """The moderators' answer to a report, to its author and the reporter, as long as they may read it."""
    found = db.session.get(Report, mail.payload["report"])
    membership = db.session.get(Membership, mail.payload["membership"])
    if found is None or found.verdict is None or membership is None or not membership.may(Action.READ):
        return None
    is_author, name = mail.kind == "report_on_yours", membership.partnership.name
    said = {
        Verdict.KEPT: _("A moderator has kept it."),
        Verdict.WITHDRAWN: _("A moderator has withdrawn it."),
        Verdict.CORRECTION: _("A moderator asks you to correct it.")
        if is_author
        else _("The author is asked to correct it."),
    }
    return render_email(
        "report",
        sender=name,
        heading=(
            _("What you wrote in ‘%(name)s’ was reported", name=name)
            if is_author
            else _("The moderators of ‘%(name)s’ have answered your report", name=name)
        ),
        said=said[found.verdict],
        answer="" if carries_titles_only(membership.partnership) else found.answer,
        words=_("See the report"),
        why=_("You get this because you wrote it.") if is_author else _("You get this because you reported it."),
        address=link(f"{membership.partnership.address}reports"),
    )


@email_type("helped", _l("Administrator joined to help"))
def helped(mail: Mail) -> EmailContent | None:
    """To a moderator: that an administrator has joined, and why."""
    membership = db.session.get(Membership, mail.payload["membership"])
    helper = db.session.get(Membership, mail.payload["by"])
    if membership is None or helper is None or not membership.may(Action.MANAGE_MEMBERS):
        return None
    return render_email(
        "helped",
        sender=membership.partnership.name,
        helper=helper,
        reason="" if carries_titles_only(membership.partnership) else mail.payload["reason"],
        address=link(f"{membership.partnership.address}members"),
    )


@email_type("appointed", _l("Moderator appointed by an administrator"))
def appointed(mail: Mail) -> EmailContent | None:
    """To a member: who is the new moderator, and that an administrator appointed them."""
    membership = db.session.get(Membership, mail.payload["membership"])
    moderator = db.session.get(Membership, mail.payload["appointed"])
    administrator = db.session.get(User, mail.payload["by"])
    if membership is None or moderator is None or administrator is None or not membership.may(Action.READ):
        return None
    return render_email(
        "appointed",
        sender=membership.partnership.name,
        membership=membership,
        moderator=moderator,
        administrator=administrator,
        address=link(f"{membership.partnership.address}members"),
    )
