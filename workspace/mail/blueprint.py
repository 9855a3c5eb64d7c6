"""The blueprint of the outbox; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("mail", __name__, url_prefix="/admin/mail")
