"""The names of kinds of holders in the reader's language, and the sets of roles to begin with."""

from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace import clock
from workspace.i18n.formatting import short_date
from workspace.partnerships.models import Membership
from workspace.roles.assignments import AssignmentKind, RoleAssignment

HOLDERS = {AssignmentKind.ACCOUNTABLE: _l("Accountable"), AssignmentKind.HELPER: _l("Helper")}


def accepted(assignment: RoleAssignment, by: Membership) -> str:
    """What whoever has just accepted an offer, or granted a request, is told."""
    if assignment.since and assignment.since > clock.now():
        return _("The role changes hands on %(date)s.", date=short_date(assignment.since))
    if assignment.membership_id == by.id:
        return _("You have the role ‘%(name)s’ now.", name=assignment.role.name)
    return _("%(person)s has the role now.", person=assignment.membership.user.name)


class RoleSet(StrEnum):
    """The kinds of partnership that have a set of roles."""

    DEVELOPMENT = "development"
    NETWORK = "network"
    CENTRE = "centre"


ROLE_SETS = {
    RoleSet.DEVELOPMENT: _l("Development with a company"),
    RoleSet.NETWORK: _l("A network"),
    RoleSet.CENTRE: _l("An innovation centre"),
}

_COORDINATOR = (_l("Coordinator"), _l("Holds the partnership together and calls its meetings"))
_RESULTS = (_l("Measuring results"), _l("Collects figures every quarter"))

# Each role's name and responsibility. Once in a partnership, they are its own to change.
ROLES = {
    RoleSet.DEVELOPMENT: (
        _COORDINATOR,
        (_l("Professional quality"), _l("Sees to it that the work follows professional advice")),
        (_l("Solution and development"), _l("Puts wishes in order and plans new versions")),
        (_l("Operations and help"), _l("Answers when something does not work")),
        (_l("Data and data protection"), _l("Keeps the data processing agreement and the record up to date")),
        _RESULTS,
    ),
    RoleSet.NETWORK: (
        _COORDINATOR,
        (_l("News"), _l("Tells all members what is going on")),
        (_l("New members"), _l("Welcomes them and shows them around")),
        (_l("Meetings and events"), _l("Finds time, place and speakers")),
        (_l("Checks and figures"), _l("Gathers the members' answers and compares them over time")),
    ),
    RoleSet.CENTRE: (
        _COORDINATOR,
        (_l("Premises"), _l("Looks after the rooms, the access and the agreement about them")),
        (_l("Ideas and projects"), _l("Receives ideas and finds partners for them")),
        (_l("Research and students"), _l("Is the way to the university")),
        (_l("Companies"), _l("Is the way to the local companies")),
        (_l("Money and agreements"), _l("Keeps the budget and what has been agreed")),
    ),
}
