"""The blueprint of this feature."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
