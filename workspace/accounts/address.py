"""A new mail address of one's own: it counts when the code that was mailed there has been typed here."""

from flask import Blueprint, g, render_template
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.access import signed_in
from workspace.accounts import codes, signing_in
from workspace.accounts.codes import Code, Purpose
from workspace.accounts.forms import AddressForm, AnswerForm
from workspace.accounts.models import User, user_with
from workspace.database import db
from workspace.htmx import announce, seen_elsewhere
from workspace.mail.models import post
from workspace.trail.models import Act, note

blueprint = Blueprint("address", __name__, url_prefix="/address")

COOKIE = "address_code"


@blueprint.get("")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """Where one writes the new address."""
    return render_template("accounts/address.html", form=AddressForm.for_session(g.session))


@blueprint.post("")
@signed_in
def ask(user: User) -> ResponseReturnValue:
    """Mail a code to the new address. Whether another has it is told only to whom it belongs."""
    form = AddressForm.for_session(g.session)
    if not form.validate():
        return render_template("accounts/address.html", form=form), 422
    try:
        if "present_password" in form and not signing_in.attempt(user.email, form.present_password.data or ""):
            form.refuse(form.present_password, _("This is not your present password."))
            return render_template("accounts/address.html", form=form), 422
        signing_in.count_code(form.email.data or "")
    except signing_in.TooManyAttempts as refused:
        form.refuse(form.email, signing_in.try_again_in(refused.minutes))
        return render_template("accounts/address.html", form=form), 429
    address = form.email.data or ""
    cookie[COOKIE] = {"token": codes.ask(Purpose.ADDRESS, user, address), "to": address}
    return seen_elsewhere("/settings/address/answer")


@blueprint.get("/answer")
@signed_in
def show_answer(user: User) -> ResponseReturnValue:
    """Where one types the code."""
    if COOKIE not in cookie:
        return seen_elsewhere("/settings/address")
    return render_template("accounts/address_answer.html", form=AnswerForm(), to=cookie[COOKIE]["to"])


@blueprint.post("/answer")
@signed_in
def answer(user: User) -> ResponseReturnValue:
    """Take the new address."""
    if COOKIE not in cookie:
        return seen_elsewhere("/settings/address")
    asked, form = cookie[COOKIE], AnswerForm()
    if not form.validate():
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    code = codes.redeem(Purpose.ADDRESS, asked["token"], form.code.data or "")
    if code is None or code.user_id != user.id:
        still = codes.opened(Purpose.ADDRESS, asked["token"])
        form.refuse(form.code, _("This is not the code.") if still else _("The code can't be used any more."))
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    if not _take(user, code):
        form.refuse(form.code, _("Another account has this address. Sign in with it, or ask an administrator."))
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    del cookie[COOKIE]
    announce(_("Your mail address is changed."))
    return seen_elsewhere("/settings")


def _take(user: User, code: Code) -> bool:
    """Give `user` the address that the code went to, and tell the one that they had; False if it is another's."""
    other = user_with(code.address)
    if other is not None and other.id != user.id:
        return False
    before = user.email
    user.email = code.address
    db.session.flush()
    post("address_changed", key=f"address_changed:{code.id}", to=before, user=user.id)
    note(Act.CHANGED_ADDRESS, actor=user, subject=user, before=before, after=user.email)
    return True
