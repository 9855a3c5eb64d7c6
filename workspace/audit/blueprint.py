"""The blueprint of the audit log; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("audit", __name__)
