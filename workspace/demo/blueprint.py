"""The blueprint of the demo's mailbox; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")
