"""Mails about challenges."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.db import db
from workspace.mail.message_types import EmailContent, email_type, link, render_email
from workspace.mail.models import Mail
from workspace.notifications import emails
from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.posts import authored_text_queries
from workspace.posts.models import Post
from workspace.posts.verbs import TOOK


@email_type("challenge", _l("Asked to take a challenge"))
def challenge(mail: Mail) -> EmailContent | None:
    """That one is asked to take a challenge, while one still is."""
    membership = emails.recipient_membership(mail)
    post = db.session.get_one(Post, (mail.payload["partnership"], mail.payload["post"]))
    entry = emails.entry(mail)
    actor, note = entry.actor, entry.details.get("note", "")
    is_other = mail.payload.get("is_reminder") and post.asked_number != entry.number
    if is_other or membership is None or actor is None or post.is_withdrawn or post.asked_id != membership.id:
        return None
    return emails.notification_email(
        mail,
        membership,
        heading=(
            _("Reminder: %(who)s asks you to take the challenge ‘%(title)s’", who=actor.user.name, title=post.title)
            if mail.payload.get("is_reminder")
            else _("%(who)s asks you to take the challenge ‘%(title)s’", who=actor.user.name, title=post.title)
        ),
        quote=note or post.body_text,
        path=f"posts/{post.number}",
        button=_("Answer"),
        post_number=post.number,
    )


@email_type("taking", _l("Answer from somebody who was asked to take a challenge"))
def taking(mail: Mail) -> EmailContent | None:
    """To whoever asked: that the challenge is taken, or why the one who was asked can't take it."""
    membership, entry = emails.recipient_membership(mail), emails.entry(mail)
    post = db.session.get_one(Post, (mail.payload["partnership"], mail.payload["post"]))
    if membership is None or entry.actor is None or post.is_withdrawn:
        return None
    names = {"who": entry.actor.user.name, "title": post.title}
    return emails.notification_email(
        mail,
        membership,
        heading=_("%(who)s takes the challenge ‘%(title)s’", **names)
        if entry.verb is TOOK
        else _("%(who)s can't take the challenge ‘%(title)s’", **names),
        quote=entry.details.get("note", ""),
        path=f"posts/{post.number}",
        button=_("Read it"),
        post_number=post.number,
    )


@email_type("withdrawn_of_yours", _l("A moderator withdrew what one wrote"))
def withdrawn_of_yours(mail: Mail) -> EmailContent | None:
    """To the author: a moderator has withdrawn what they wrote, and why, while it still is."""
    membership = db.session.get(Membership, mail.payload["membership"])
    if membership is None or membership.user_id != mail.user_id or not membership.may(Action.READ):
        return None
    text = authored_text_queries.text(membership, mail.payload["text"])
    written = text.authored
    if not written.is_withdrawn or written.withdrawn_by_id in (None, written.author_id):
        return None
    partnership = membership.partnership
    return render_email(
        "report",
        sender=partnership.name,
        heading=_("A moderator has withdrawn what you wrote in ‘%(name)s’", name=partnership.name),
        said=_("Everybody can see that there was a text, and why it was withdrawn."),
        answer="" if emails.carries_titles_only(partnership) else written.withdrawn_reason,
        words=_("See where it stood"),
        why=_("You get this because you wrote it."),
        address=link(f"{partnership.address}posts/{text.post.number}"),
    )
