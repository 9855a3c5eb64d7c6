"""The names of kinds of organisations in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.organisations.models import OrganisationKind

KINDS = {
    OrganisationKind.MUNICIPALITY: _l("Municipality"),
    OrganisationKind.COMPANY: _l("Company"),
    OrganisationKind.RESEARCH: _l("Research"),
    OrganisationKind.INSTITUTION: _l("Institution"),
    OrganisationKind.ASSOCIATION: _l("Association"),
    OrganisationKind.OTHER: _l("Other"),
}
