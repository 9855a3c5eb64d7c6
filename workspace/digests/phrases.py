"""How a digest speaks: numbers as words, the period that it covers, its subject and its first sentence."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from workspace.digests.view_model import Digest, DigestPartnership
from workspace.i18n.formatting import number_in_words, short_day, zone
from workspace.partnerships.queries import OrganisationsOnSide, organisations_in_words

LONGEST_NAMED = 90
WAITING_CHALLENGES = ("challenge", "ongoing")


def shortened(text: str, longest: int) -> str:
    """The beginning of a text, on one line, up to the end of a word, unless its first word is longer."""
    if len(text) <= longest:
        return " ".join(text.split())
    whole = re.match(rf".{{1,{longest}}}(?=\s)", text, re.DOTALL)
    return " ".join((whole[0] if whole else text[:longest]).split()).rstrip(",.;:–-") + " …"


def period(since: datetime, until: datetime) -> str:
    """ "16.–22. marts", "28. marts – 3. april": the days from one moment up to the other, where the reader is."""
    last = (until - timedelta(minutes=1)).astimezone(zone()).date()
    first = min(since.astimezone(zone()).date(), last)
    if first == last:
        return short_day(last)
    if (first.year, first.month) == (last.year, last.month):
        dot = "." if str(get_locale()) == "da" else ""
        return f"{first.day}{dot}–{short_day(last)}"
    return f"{short_day(first)} – {short_day(last)}"


def subject(digest: Digest) -> str:
    """ "Opsamling: 2 udfordringer venter på dig · 5 nye opslag": the most important first, by its name if it is one."""
    parts = [*_waiting(digest), *_news(digest)][:2]
    return _("Digest: %(what)s", what=" · ".join(parts))


def greeting(digest: Digest) -> str:
    """ "Tre ting venter på dig, og der er fem nye opslag i fire af dine partnerskaber."."""
    waiting, new = len(digest.waiting) + digest.more_waiting, digest.new
    told_waiting = ngettext(
        "One thing is waiting for you", "%(count)s things are waiting for you", waiting, count=number_in_words(waiting)
    )
    told_new = ngettext("there is one new post", "there are %(count)s new posts", new, count=number_in_words(new))
    if new and digest.partnerships > 1 and not digest.more:
        count = number_in_words(digest.partnerships)
        told_new = _("%(news)s in %(count)s of your partnerships", news=told_new, count=count)
    if waiting and new:
        told = _("%(waiting)s, and %(news)s.", waiting=told_waiting, news=told_new)
    elif waiting or new:
        told = f"{told_waiting if waiting else told_new}."
    else:
        told = _("Here is what has happened since you last looked.")
    return f"{told[0].upper()}{told[1:]}"


def organisations(sides: Sequence[OrganisationsOnSide]) -> str:
    """The organisations in words; empty if it is one alone."""
    return organisations_in_words(sides) if sum(side.count for side in sides) > 1 else ""


def comments(place: DigestPartnership) -> str:
    """ "7 kommentarer til 3 opslag", below posts "Desuden: 7 kommentarer til 3 opslag."; empty if there are none."""
    if not place.comments:
        return ""
    told = ngettext("%(num)s comment", "%(num)s comments", place.comments)
    on = ngettext("on %(num)s post", "on %(num)s posts", place.commented)
    if place.blocks:
        return _("Also: %(comments)s %(on_posts)s.", comments=told, on_posts=on)
    return f"{told} {on}"


def _waiting(digest: Digest) -> list[str]:
    count = len(digest.waiting) + digest.more_waiting
    if not count:
        return []
    if count == 1:
        return [shortened(digest.waiting[0].title, LONGEST_NAMED)]
    if count == digest.requests:
        requests = sum(item.count for item in digest.waiting) + digest.more_waiting
        return [ngettext("%(num)s request to answer", "%(num)s requests to answer", requests)]
    if all(item.symbol in WAITING_CHALLENGES for item in digest.waiting):
        return [ngettext("%(num)s challenge is waiting for you", "%(num)s challenges are waiting for you", count)]
    return [ngettext("%(num)s thing is waiting for you", "%(num)s things are waiting for you", count)]


def _news(digest: Digest) -> list[str]:
    if len(digest.blocks) == 1 and not digest.more and not digest.lines and not digest.comments:
        return [shortened(digest.blocks[0].title, LONGEST_NAMED)]
    parts = []
    if digest.new:
        parts.append(ngettext("%(num)s new post", "%(num)s new posts", digest.new))
    turned = len(digest.blocks) + digest.more - digest.new
    if turned > 0:
        parts.append(ngettext("%(num)s challenge has moved on", "%(num)s challenges have moved on", turned))
    if digest.comments:
        parts.append(ngettext("%(num)s comment", "%(num)s comments", digest.comments))
    return parts or [line.text for line in digest.lines]
