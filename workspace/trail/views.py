"""The pages of the trail."""

from flask import Blueprint

blueprint = Blueprint("trail", __name__)
