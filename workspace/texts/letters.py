"""Mails about texts: that one mentions the reader, or stands on a post that they follow."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.comments.models import Comment
from workspace.database import db
from workspace.mail.letters import Letter, kind
from workspace.mail.models import Mail
from workspace.partnerships import news
from workspace.posts.models import Post


@kind("mentioned", _l("Mentioned"))
def mentioned(mail: Mail) -> Letter | None:
    """That a text mentions the reader, while it does."""
    return _letter(mail, _("%(who)s mentions you in »%(title)s«"), only_mentioned=True)


@kind("answer", _l("Comment on one's own post or challenge"))
@kind("reply", _l("Comment on a post that one follows"))
def reply(mail: Mail) -> Letter | None:
    """That somebody has commented on a post that is the reader's, or that they follow."""
    return _letter(mail, _("%(who)s has commented on »%(title)s«"))


def _letter(mail: Mail, heading: str, *, only_mentioned: bool = False) -> Letter | None:
    """The mail, with what stands in the text now; None for one that is gone."""
    seat, actor = news.reader(mail), news.entry(mail).actor
    partnership_id, number = mail.references["partnership"], mail.references["text"]
    comment = db.session.get(Comment, (partnership_id, number))
    post = db.session.get_one(Post, (partnership_id, comment.post_number if comment else number))
    text = comment or post
    if seat is None or actor is None or post.is_withdrawn or text.is_withdrawn:
        return None
    if only_mentioned and seat.id not in text.mentions:
        return None
    return news.letter(
        mail,
        seat,
        heading=heading % {"who": actor.user.name, "title": post.title},
        quote=text.body_text,
        path=f"posts/{post.number}" + (f"?comment={number}#comment-{number}" if comment else ""),
        button=_("Read it"),
        post_number=post.number,
    )
