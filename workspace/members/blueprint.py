"""The blueprint of members; its views add their routes to it."""

from flask import Blueprint

from workspace.members import labels

blueprint = Blueprint("members", __name__)
for name in ("ENDINGS", "LEVEL_HINTS", "FATES", "VISIBILITIES"):
    blueprint.add_app_template_global(getattr(labels, name), name)
