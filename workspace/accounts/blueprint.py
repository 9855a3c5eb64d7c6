"""The blueprint of accounts: signing in, and a person’s own settings; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__)
code_sign_in = Blueprint("code_sign_in", __name__, url_prefix="/sign-in/code")
address = Blueprint("address", __name__, url_prefix="/address")
settings = Blueprint("settings", __name__, url_prefix="/settings")
settings.register_blueprint(address)
blueprint.register_blueprint(settings)
blueprint.register_blueprint(code_sign_in)
