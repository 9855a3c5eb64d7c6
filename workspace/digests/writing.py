"""A digest written out: as a mail, and with the same words as a part of a page."""

from functools import partial
from typing import Any

from flask import render_template
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import escape

from workspace.accounts.choices import Rhythm
from workspace.digests import words
from workspace.digests.content import Block, Digest
from workspace.digests.selection import Group
from workspace.mail.alike import made_once
from workspace.mail.letters import Letter, Ready, compose, link
from workspace.posts.models import Kind

GROUPS = {
    Group.CHALLENGES: _l("Challenges"),
    Group.SOLVED: _l("Solved"),
    Group.PROGRESS: _l("Progress"),
}
KINDS = {Kind.PROGRESS.value: _l("Progress"), Kind.CHALLENGE.value: _l("Challenge")}


def letter(digest: Digest, *, unsubscribe: str) -> Letter:
    """`digest` as a mail, in the language and zone that are in force."""
    return compose(
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


@made_once
def _block_html(voice: tuple[str, str], block: Block, is_named: bool) -> Ready:
    """A block written out; `is_named` says that its partnership is named in it."""
    shape = _shape(voice, block.kind, bool(block.text))
    return Ready(
        shape.format(
            place=escape(" · ".join(part for part in (block.partnership if is_named else "", block.turn) if part)),
            address=escape(link(block.address)),
            title=escape(block.title),
            text=escape(block.text),
            meta=escape(block.meta),
            button=escape(block.button),
        )
    )


@made_once
def _shape(_voice: tuple[str, str], kind: str, has_text: bool) -> str:
    """A block with its style and without its words, which is the same for all of its kind: styling takes longest."""
    return Ready.of(render_template("mail/digest/_block.html", kind=kind, word=KINDS[kind], has_text=has_text)).html


@made_once
def _block_text(_voice: tuple[str, str], block: Block, is_named: bool) -> str:
    """The same as text."""
    return render_template("mail/digest/_block.txt", told=block, is_named=is_named)


def told(digest: Digest) -> dict[str, Any]:
    """What every form of a digest needs: the mail, and the page that shows it."""
    return {
        "digest": digest,
        "subject": words.subject(digest),
        "title": _("Your week") if digest.reminds and digest.user.digest_rhythm is Rhythm.WEEKLY else _("News for you"),
        "greeting": words.greeting(digest),
        "period": words.period(digest.since, digest.until),
        "comments": words.comments(digest),
        "groups": GROUPS,
        "kinds": KINDS,
    }


def why(digest: Digest) -> str:
    """Why one gets it."""
    often = {
        Rhythm.WEEKLY: _("You get this mail every week"),
        Rhythm.DAILY: _("You get this mail on workdays"),
        Rhythm.OFF: _("You get this mail on workdays"),
    }[digest.user.digest_rhythm]
    return ngettext(
        "%(often)s, because you take part in one partnership in Samspil.",
        "%(often)s, because you take part in %(count)s partnerships in Samspil.",
        digest.memberships,
        often=often,
        count=words.in_words(digest.memberships),
    )
