"""Mails about texts: one mentions the reader, or is a comment on a post that they follow."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.comments.models import Comment
from workspace.db import db
from workspace.files.queries import names_of
from workspace.mail.message_types import EmailContent, email_type
from workspace.mail.models import Mail
from workspace.notifications import emails
from workspace.partnerships.activity_log import text_path
from workspace.posts.models import Post

LONGEST_NAMES = 160  # of the files of a text


@email_type("mentioned", _l("Mentioned"))
def mentioned(mail: Mail) -> EmailContent | None:
    """That a text mentions the reader, while it does."""
    return _email(mail, _("%(who)s mentions you in ‘%(title)s’"), only_mentioned=True)


@email_type("answer", _l("Comment on one's own post or challenge"))
@email_type("reply", _l("Comment on a post that one follows"))
def reply(mail: Mail) -> EmailContent | None:
    """That somebody has commented on a post that is the reader's, or that they follow."""
    return _email(mail, _("%(who)s has commented on ‘%(title)s’"))


def _email(mail: Mail, heading: str, *, only_mentioned: bool = False) -> EmailContent | None:
    """The mail, with what stands in the text now; None for one that is gone."""
    membership, actor = emails.recipient_membership(mail), emails.entry(mail).actor
    partnership_id, number = mail.payload["partnership"], mail.payload["text"]
    comment = db.session.get(Comment, (partnership_id, number))
    post = db.session.get_one(Post, (partnership_id, comment.post_number if comment else number))
    text = comment or post
    if membership is None or actor is None or post.is_withdrawn or text.is_withdrawn:
        return None
    if only_mentioned and membership.id not in text.mentions:
        return None
    return emails.notification_email(
        mail,
        membership,
        heading=heading % {"who": actor.user.name, "title": post.title},
        quote=_quoted(text),
        path=text_path(post.number, number if comment else post.number),
        button=_("Read it"),
        post_number=post.number,
    )


def _quoted(text: Post | Comment) -> str:
    """What it says, and what its files are called; never what is in them."""
    names = emails.shortened(names_of(text.partnership_id, text.number), LONGEST_NAMES)
    if not names:
        return text.body_text
    said = emails.shortened(text.body_text, emails.LONGEST_QUOTE - 2 * LONGEST_NAMES)
    return f"{said}\n{_('Files: %(names)s', names=names)}"
