"""What the kinds of organisations are called in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.organisations.models import Kind

KINDS = {
    Kind.MUNICIPALITY: _l("Municipality"),
    Kind.COMPANY: _l("Company"),
    Kind.RESEARCH: _l("Research"),
    Kind.INSTITUTION: _l("Institution"),
    Kind.ASSOCIATION: _l("Association"),
    Kind.OTHER: _l("Other"),
}
