"""Mails about challenges."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.database import db
from workspace.mail.letters import Letter, kind
from workspace.mail.models import Mail
from workspace.partnerships import news
from workspace.posts.models import Post


@kind("challenge", _l("Asked to take a challenge"))
def challenge(mail: Mail) -> Letter | None:
    """That one is asked to take a challenge, while one still is."""
    seat = news.reader(mail)
    post = db.session.get_one(Post, (mail.references["partnership"], mail.references["post"]))
    actor = news.entry(mail).actor
    if seat is None or actor is None or post.is_withdrawn or post.asked_id != seat.id:
        return None
    return news.letter(
        mail,
        seat,
        heading=_("%(who)s asks you to take the challenge »%(title)s«", who=actor.user.name, title=post.title),
        quote=post.body_text,
        path=f"posts/{post.number}",
        button=_("Answer"),
        post_number=post.number,
    )
