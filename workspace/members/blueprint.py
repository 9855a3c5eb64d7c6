"""The members of a partnership: the blueprint that the modules beside this one put their routes on."""

from flask import Blueprint

from workspace.members import labels

blueprint = Blueprint("members", __name__)
for name in ("ENDINGS", "LEVEL_HINTS", "FATES", "VISIBILITIES"):
    blueprint.add_app_template_global(getattr(labels, name), name)
