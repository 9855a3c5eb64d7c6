"""Mails about roles: offered, handed over, and the answers to both."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.database import db
from workspace.mail.letters import Letter, kind
from workspace.mail.models import Mail
from workspace.partnerships import news
from workspace.partnerships.log import Entry, Verb
from workspace.partnerships.models import Membership
from workspace.roles.holdings import Holding, State


@kind("role", _l("Role offered, handed over or answered"))
def role(mail: Mail) -> Letter | None:
    """What happened about a role that has to do with the reader; an offer only while it stands."""
    seat, entry = news.reader(mail), news.entry(mail)
    holding = db.session.get_one(Holding, mail.references["holding"])
    offers = entry.verb is Verb.OFFERED_ROLE
    if seat is None or entry.actor is None or (offers and holding.state is not State.OFFERED):
        return None
    return news.letter(
        mail,
        seat,
        heading=_heading(entry, holding, seat),
        quote=holding.notes if offers else entry.details.get("reason", ""),
        path=f"roles/{holding.role_id}",
        button=_("Answer") if offers else _("See the role"),
    )


def _heading(entry: Entry, holding: Holding, seat: Membership) -> str:
    names = {"who": entry.actor.user.name if entry.actor else "", "role": holding.role.name}
    took = (
        _("%(who)s has taken over the role »%(role)s« from you", **names)
        if holding.former_id == seat.id
        else _("%(who)s has accepted the role »%(role)s«", **names)
    )
    return {
        Verb.OFFERED_ROLE: _("%(who)s offers you the role »%(role)s«", **names),
        Verb.TOOK_ROLE: took,
        Verb.DECLINED_ROLE: _("%(who)s has declined the role »%(role)s«", **names),
        Verb.GAVE_ROLE: _("%(who)s has given you the role »%(role)s«", **names),
        Verb.REFUSED_ROLE: _("%(who)s has not given you the role »%(role)s«", **names),
        Verb.LEFT_ROLE: _("%(who)s has ended your time in the role »%(role)s«", **names),
    }[entry.verb]
