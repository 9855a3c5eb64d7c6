"""A digest written out: as a mail, and with the same words as a part of a page."""

from functools import partial
from typing import Any

from flask import render_template
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import escape

from workspace.accounts.mail_preferences import DigestFrequency
from workspace.digests import phrases
from workspace.digests.queries import Section
from workspace.digests.view_model import Digest, DigestBlock
from workspace.i18n.formatting import number_in_words
from workspace.mail.message_types import EmailContent, PreInlinedHtml, link, render_email
from workspace.mail.run_cache import cached_per_run
from workspace.posts.labels import POST_KINDS
from workspace.posts.models import PostKind

GROUPS = {
    Section.CHALLENGES: _l("Challenges"),
    Section.SOLVED: _l("Solved"),
    Section.PROGRESS: _l("Progress"),
}


def digest_email(digest: Digest, *, unsubscribe: str) -> EmailContent:
    """`digest` as a mail, in the language and zone that are in force."""
    return render_email(
        "digest",
        sender=digest.sender,
        list_id="digest",
        unsubscribe=unsubscribe,
        trouble=digest.trouble,
        why=why(digest),
        html_of=partial(_block_html, _voice()),
        text_of=partial(_block_text, _voice()),
        **told(digest),
    )


def _voice() -> tuple[str, str]:
    """What the words of a block depend on beside the block: the language, and where links lead."""
    return str(get_locale()), link("")


@cached_per_run
def _block_html(voice: tuple[str, str], block: DigestBlock, is_named: bool) -> PreInlinedHtml:
    """A block written out; `is_named` says that its partnership is named in it."""
    shape = _shape(voice, block.kind, bool(block.text))
    return PreInlinedHtml(
        shape.format(
            place=escape(" · ".join(part for part in (block.partnership if is_named else "", block.turn) if part)),
            address=escape(link(block.address)),
            title=escape(block.title),
            text=escape(block.text),
            meta=escape(block.meta),
            button=escape(block.button),
        )
    )


@cached_per_run
def _shape(_voice: tuple[str, str], kind: str, has_text: bool) -> str:
    """A block with its style and without its words, which is the same for all of its kind: styling takes longest."""
    return PreInlinedHtml.of(
        render_template("mail/digest/_block.html", kind=kind, word=POST_KINDS[PostKind(kind)], has_text=has_text)
    ).html


@cached_per_run
def _block_text(_voice: tuple[str, str], block: DigestBlock, is_named: bool) -> str:
    """The same as text."""
    return render_template("mail/digest/_block.txt", told=block, is_named=is_named)


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
        "comments": phrases.comments(digest),
        "groups": GROUPS,
    }


def why(digest: Digest) -> str:
    """Why one gets it."""
    often = {
        DigestFrequency.WEEKLY: _("You get this e-mail every week"),
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
