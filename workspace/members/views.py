"""The members of a partnership: the blueprint that the modules beside this one put their routes on."""

from flask import Blueprint

from workspace.members import words

blueprint = Blueprint("members", __name__)
for name in ("ENDINGS", "LEVEL_HINTS", "FATES", "VISIBILITIES"):
    blueprint.add_app_template_global(getattr(words, name), name)

from workspace.members import (  # noqa: E402, F401 (their routes are on the blueprint)
    accepting,
    accounts,
    helping,
    invitations,
    joining,
    letters,
    own,
    partners,
    profile,
    removal,
    reports,
    suspension,
    table,
)
