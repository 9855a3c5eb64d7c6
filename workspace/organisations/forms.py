"""The forms of organisations and of the people in them."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, SelectField, ValidationError

from workspace.accounts.forms import LONGEST_NAME, LONGEST_PHONE, looks_like_a_phone_number
from workspace.accounts.models import User
from workspace.i18n import danish
from workspace.mail.addresses import normalised
from workspace.organisations import queries
from workspace.organisations.labels import KINDS
from workspace.organisations.models import Organisation, OrganisationKind
from workspace.web.forms import LONGEST_EMAIL, VersionMixin, WorkspaceForm, text_line_field

MOST_NAMED = 4
HOST = re.compile(r"[^\s@:/?#\[\]]+\.[^\s@:/?#\[\].]{2,}(:[0-9]{1,5})?")


def digits_only(value: str | None) -> str | None:
    """A CVR number as it is stored: without the spaces and the country code that people type."""
    return re.sub(r"^DK|[\s.-]", "", value.strip(), flags=re.IGNORECASE) if value else value


def with_scheme(value: str | None) -> str | None:
    """A web address, with the https:// that people leave out."""
    return f"https://{value}" if value and "://" not in value else value


def is_website(address: str) -> bool:
    """Whether `address` leads to a site on the web, by http or https."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https") and bool(HOST.fullmatch(parts.netloc)) and not re.search(r"\s", address)
        )
    except ValueError:
        return False


class OrganisationForm(WorkspaceForm):
    """The facts about an organisation."""

    name = text_line_field(_l("Name"), longest=120, required=_l("Write what the organisation is called."))
    kind = SelectField(
        _l("Kind"),
        choices=lambda: {kind.value: str(name) for kind, name in KINDS.items()},
        validate_choice=False,
    )
    cvr_number = text_line_field(
        _l("CVR number"),
        longest=20,
        description=_l("8 digits. Leave it empty if there is none."),
        render_kw={"inputmode": "numeric"},
    )
    website = text_line_field(_l("Website"), longest=200, render_kw={"type": "text", "inputmode": "url"})

    def validate_name(self, field: Field) -> None:
        """Require a name that searches can find."""
        if not field.errors and not danish.search_key(field.data):
            raise ValidationError(_("Write what the organisation is called."))

    def validate_kind(self, field: Field) -> None:
        """Require a known kind."""
        if field.data not in list(OrganisationKind):
            raise ValidationError(_("Choose what kind of organisation it is."))

    def validate_cvr_number(self, field: Field) -> None:
        """Require eight digits. New numbers need not pass the old modulus check, so it is not made."""
        if field.data and not re.fullmatch(r"[0-9]{8}", digits_only(field.data) or ""):
            raise ValidationError(_("A CVR number has 8 digits."))

    def validate_website(self, field: Field) -> None:
        """Require a web address, and no other kind of link."""
        if field.data and not field.errors and not is_website(with_scheme(field.data) or ""):
            raise ValidationError(_("Write an address on the web, for example www.gladsaxe.dk."))

    @property
    def facts(self) -> dict[str, Any]:
        """The values of the form, as they are stored."""
        return {
            "name": self.name.data,
            "kind": OrganisationKind(self.kind.data),
            "cvr_number": digits_only(self.cvr_number.data) or None,
            "website": with_scheme(self.website.data) or "",
        }


class EditOrganisationForm(VersionMixin, OrganisationForm):
    """The organisation as it was when the form was opened."""


class PersonForm(WorkspaceForm):
    """The facts about a person."""

    name = text_line_field(_l("Name"), longest=LONGEST_NAME, required=_l("Write the person's name."))
    email = text_line_field(
        _l("E-mail address"),
        longest=LONGEST_EMAIL,
        required=_l("Write the person's e-mail address."),
        description=_l("The person signs in with it."),
        render_kw={"type": "email"},
    )
    title = text_line_field(_l("Title"), longest=LONGEST_NAME)
    phone = text_line_field(_l("Phone"), longest=LONGEST_PHONE, render_kw={"type": "tel"})

    def validate_email(self, field: Field) -> None:
        """An address that mail can be sent to."""
        if field.errors:
            return
        field.data = normalised(field.data)
        if not field.data:
            raise ValidationError(_("This is not an e-mail address. One looks like mette@gladsaxe.dk."))

    def validate_phone(self, field: Field) -> None:
        """A number that can be called, or nothing."""
        looks_like_a_phone_number(self, field)

    @property
    def facts(self) -> dict[str, Any]:
        """The values of the form, as they are stored."""
        return {field.name: field.data for field in (self.name, self.email, self.title, self.phone) if field}


class NewPersonForm(PersonForm):
    """A person who has no account yet."""

    welcome = BooleanField(_l("Send an e-mail with a way in"), default=True)


class EditPersonForm(PersonForm):
    """The person as they were when the form was opened, and the organisation they belong to, by name.

    The address is what they sign in with, so it has a page of its own, where its owner is asked.
    """

    email = None
    organisation = text_line_field(
        _l("Organisation"),
        longest=120,
        description=_l("Write the name, or the beginning of it."),
    )
    version = HiddenField()

    belongs_to: Organisation | None = None

    def belong(self, person: User) -> bool:
        """Find the organisation that was named. Whoever has none may stay without."""
        named = self.organisation.data or ""
        found = queries.suggestions(named)
        if found and (len(found) == 1 or found[0].name_search_key == danish.search_key(named)):
            self.belongs_to = found[0]
        elif found:
            several = ", ".join(organisation.name for organisation in found[:MOST_NAMED])
            return self.refuse(
                self.organisation,
                _(
                    "Several organisations have similar names. Write one whole name: %(names)s.",
                    names=several,
                ),
            )
        elif named or person.organisation_id is not None:
            return self.refuse(self.organisation, _("Choose an organisation from the list."))
        return True

    @property
    def facts(self) -> dict[str, Any]:
        """The values of the form, as they are stored."""
        return super().facts | {"organisation_id": self.belongs_to.id if self.belongs_to else None}
