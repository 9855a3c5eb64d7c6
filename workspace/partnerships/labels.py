"""The names of stages, levels, sides, kinds and goals in the reader's language."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from workspace.organisations.models import Side
from workspace.partnerships.models import Stage
from workspace.permissions import Level

STAGES = {
    Stage.IDEA: _l("Idea"),
    Stage.AGREEMENT: _l("Agreement"),
    Stage.TRIAL: _l("Trial"),
    Stage.OPERATION: _l("In use"),
    Stage.SPREADING: _l("Spreading"),
}
LEVELS = {
    Level.OBSERVER: _l("Observer"),
    Level.CONTRIBUTOR: _l("Participant"),
    Level.MODERATOR: _l("Moderator"),
}
SIDES = {
    Side.MUNICIPALITIES: _l("The municipalities"),
    Side.COMPANY: _l("The company"),
    Side.OTHERS: _l("Others"),
}
# The official names of the United Nations' Sustainable Development Goals.
GOALS = {
    1: _l("No poverty"),
    2: _l("Zero hunger"),
    3: _l("Good health and well-being"),
    4: _l("Quality education"),
    5: _l("Gender equality"),
    6: _l("Clean water and sanitation"),
    7: _l("Affordable and clean energy"),
    8: _l("Decent work and economic growth"),
    9: _l("Industry, innovation and infrastructure"),
    10: _l("Reduced inequalities"),
    11: _l("Sustainable cities and communities"),
    12: _l("Responsible consumption and production"),
    13: _l("Climate action"),
    14: _l("Life below water"),
    15: _l("Life on land"),
    16: _l("Peace, justice and strong institutions"),
    17: _l("Partnerships for the goals"),
}


def side_heading(side: Side, count: int) -> str:
    """ "Kommune" or "Kommuner", and so on."""
    if side is Side.MUNICIPALITIES:
        return ngettext("Municipality", "Municipalities", count)
    if side is Side.COMPANY:
        return ngettext("Company", "Companies", count)
    return _("Others")


def so_many(side: Side, count: int) -> str:
    """ "4 fra kommunerne" (their institutions among them), "12 virksomheder", "7 andre organisationer"."""
    if side is Side.MUNICIPALITIES:
        return ngettext("%(num)s on the municipalities' side", "%(num)s on the municipalities' side", count)
    if side is Side.COMPANY:
        return ngettext("%(num)s company", "%(num)s companies", count)
    return ngettext("%(num)s other", "%(num)s others", count)
