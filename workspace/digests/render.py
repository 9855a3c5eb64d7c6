"""A digest written out: as a mail, and with the same words as a part of a page."""

from functools import partial
from typing import Any

from babel.dates import get_day_names
from flask import render_template
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from workspace.accounts.mail_preferences import USUAL_WEEKDAY, DigestFrequency
from workspace.accounts.models import User
from workspace.digests import phrases
from workspace.digests.view_model import Digest, DigestBlock
from workspace.i18n.formatting import number_in_words
from workspace.mail.message_types import EmailContent, PreInlinedHtml, link, render_email
from workspace.mail.run_cache import cached_per_run
from workspace.posts.labels import POST_KINDS
from workspace.posts.models import PostKind
from workspace.rich_text.display import LINK, with_links


def digest_email(digest: Digest, *, unsubscribe: str) -> EmailContent:
    """`digest` as a mail, in the language and zone that are in force."""
    return render_email(
        "digest",
        sender=digest.sender,
        list_id="digest",
        unsubscribe=unsubscribe,
        trouble=digest.trouble,
        why=why(digest),
        preheader=digest.waiting[0].title if len(digest.waiting) > 1 else phrases.greeting(digest),
        html_of=partial(_block_html, _voice()),
        text_of=partial(_block_text, _voice()),
        **told(digest),
    )


def _voice() -> tuple[str, str]:
    """What the words of a block depend on beside the block: the language, and where links lead."""
    return str(get_locale()), link("")


@cached_per_run
def _block_html(voice: tuple[str, str], block: DigestBlock) -> PreInlinedHtml:
    """A block written out."""
    shape = _shape(voice, block.kind, bool(block.text))
    return PreInlinedHtml(
        shape.format(
            turn=escape(block.turn),
            address=escape(link(block.address)),
            title=escape(block.title),
            text=with_links(block.text, _link(voice)),
            meta=escape(block.meta),
        )
    )


@cached_per_run
def _shape(_voice: tuple[str, str], kind: str, has_text: bool) -> str:
    """A block with its style and without its words, which is the same for all of its kind: styling takes longest."""
    return PreInlinedHtml.of(
        render_template("mail/digest/_block.html", kind=kind, word=POST_KINDS[PostKind(kind)], has_text=has_text)
    ).html


@cached_per_run
def _link(_voice: tuple[str, str]) -> Markup:
    """A link with its style and without its words, for addresses that people write."""
    return Markup(PreInlinedHtml.of(LINK).html)  # noqa: S704 (our own, with places for two words)


@cached_per_run
def _block_text(_voice: tuple[str, str], block: DigestBlock) -> str:
    """The same as text."""
    return render_template("mail/digest/_block.txt", told=block, word=POST_KINDS[PostKind(block.kind)])


def told(digest: Digest) -> dict[str, Any]:
    """What every form of a digest needs: the mail, and the page that shows it."""
    return {
        "digest": digest,
        "subject": phrases.subject(digest),
        "title": _("Your week")
        if digest.includes_reminders and digest.user.digest_frequency is DigestFrequency.WEEKLY
        else _("News for you"),
        "greeting": phrases.greeting(digest),
        "period": phrases.period(digest.since, digest.until),
        "comments_of": phrases.comments,
    }


def why(digest: Digest) -> str:
    """Why one gets it."""
    often = {
        DigestFrequency.WEEKLY: _("You get this e-mail every %(weekday)s", weekday=_weekday(digest.user)),
        DigestFrequency.DAILY: _("You get this e-mail on workdays"),
        DigestFrequency.OFF: _("You get this e-mail on workdays"),
    }[digest.user.digest_frequency]
    return ngettext(
        "%(often)s because you take part in one partnership in Samspil.",
        "%(often)s because you take part in %(count)s partnerships in Samspil.",
        digest.memberships,
        often=often,
        count=number_in_words(digest.memberships),
    )


def _weekday(user: User) -> str:
    names = get_day_names("wide", locale=get_locale())
    return str(names[user.digest_weekday if user.digest_weekday in names else USUAL_WEEKDAY])
