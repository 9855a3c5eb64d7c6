"""Tables that forget nobody: each enum, verb, mail and language beside all that must know it."""

import re
from collections.abc import Container
from enum import StrEnum
from typing import Any

import pytest

from workspace import permissions
from workspace.accounts.mail_preferences import DigestFrequency, MailTiming
from workspace.audit import labels as audit_labels
from workspace.audit.models import AuditAction
from workspace.config import ROOT
from workspace.digests import forms as digest_forms
from workspace.digests import queries as digest_queries
from workspace.i18n import formatting
from workspace.mail import queries as mail_queries
from workspace.mail.message_types import EMAIL_TYPES, PRIORITIES
from workspace.mail.models import MailState
from workspace.mail.queries import OutboxFilter
from workspace.members import labels as member_labels
from workspace.members.invitations.address_parser import RowStatus
from workspace.notifications.dispatch import NotificationKind
from workspace.organisations import labels as organisation_labels
from workspace.organisations.models import OrganisationKind, Side
from workspace.partnerships import labels as partnership_labels
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Ending, PartnershipDigest, Stage, Visibility
from workspace.partnerships.verbs import VERBS
from workspace.permissions import Action, Level
from workspace.posts import labels as post_labels
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import SHARED, PostKind
from workspace.posts.reactions import ReactionKind
from workspace.roles import labels as role_labels
from workspace.roles.assignments import AssignmentKind
from workspace.scheduled_jobs import JOBS

# Each enum beside each table that must know all its members.
TABLES: dict[str, tuple[type[StrEnum], Container[Any]]] = {
    "kinds of posts": (PostKind, post_labels.POST_KINDS),
    "kinds of posts in plural": (PostKind, post_labels.POST_KINDS_IN_PLURAL),
    "hints of kinds of posts": (PostKind, post_labels.POST_KIND_HINTS),
    "verbs that share a post": (PostKind, SHARED),
    "statuses of challenges": (ChallengeStatus, post_labels.CHALLENGE_STATUSES),
    "reactions": (ReactionKind, post_labels.REACTIONS),
    "stages": (Stage, partnership_labels.STAGES),
    "levels": (Level, partnership_labels.LEVELS),
    "hints of levels": (Level, member_labels.LEVEL_HINTS),
    "order of levels": (Level, permissions.LEVELS),
    "actions, with who may": (Action, permissions.MINIMUM_LEVEL),
    "sides": (Side, partnership_labels.SIDES),
    "endings": (Ending, member_labels.ENDINGS),
    "visibilities": (Visibility, member_labels.VISIBILITIES),
    "rows of an invitation": (RowStatus, member_labels.FATES),
    "kinds of organisations": (OrganisationKind, organisation_labels.KINDS),
    "holders of roles": (AssignmentKind, role_labels.HOLDERS),
    "sets of roles": (role_labels.RoleSet, role_labels.ROLE_SETS),
    "roles of the sets": (role_labels.RoleSet, role_labels.ROLES),
    "audited actions": (AuditAction, audit_labels.ACTIONS),
    "audited levels": (Level, audit_labels.VALUES),
    "audited visibilities": (Visibility, audit_labels.VALUES),
    "sections of digests": (PostKind, digest_queries.SECTIONS),
    "frequencies of digests": (DigestFrequency, digest_forms.FREQUENCIES),
    "hints of frequencies": (DigestFrequency, digest_forms.FREQUENCY_HINTS),
    "digests of a partnership": (PartnershipDigest, digest_forms.PARTNERSHIP_FREQUENCIES),
    "timings of mail": (MailTiming, digest_forms.SOON),
    "notifications": (NotificationKind, digest_forms.NOTICES),
    "notifications that are mails": (NotificationKind, EMAIL_TYPES),
    "states of mail": (MailState, mail_queries.STATE_WORDS),
    "filters of the outbox": (OutboxFilter, mail_queries.FILTERS),
    "states behind the filters": (OutboxFilter, mail_queries.STATES),
}


@pytest.mark.usefixtures("app")  # It loads every feature, and so what each registers.
@pytest.mark.parametrize("table", TABLES)
def test_every_table_knows_every_member(table: str) -> None:
    members, known = TABLES[table]
    assert [member.value for member in members if member not in known] == []


def test_every_kind_status_and_move_has_its_icon() -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
    wanted = {*PostKind, *ChallengeStatus, *(verb.icon for verb in VERBS.values())}
    assert sorted(wanted - icons) == []


@pytest.mark.usefixtures("app")
def test_every_verb_tells_something_or_says_that_it_tells_nothing() -> None:
    silent = {word for word, verb in VERBS.items() if verb.tells is None}
    shown_by_the_post = {"shared_progress", "shared_challenge", "commented", "edited", "withdrew", "brought_back"}
    shown_by_the_post |= {"redacted", "reacted", "pinned", "unpinned"}
    assert silent == shown_by_the_post | {"unknown"}
    assert [
        word for word, verb in VERBS.items() if verb.tells and not verb.sentence(Entry(verb=verb, details={}))
    ] == []


def test_administrators_read_the_name_of_every_job() -> None:
    assert [job.__module__ for job in JOBS if job.__module__.rpartition(".")[2] not in mail_queries.PIECES] == []


@pytest.mark.usefixtures("app")
def test_every_mail_has_a_title_a_priority_and_its_templates() -> None:
    assert [name for name, kind in EMAIL_TYPES.items() if not str(kind.title) or kind.priority not in PRIORITIES] == []
    sources = "".join(path.read_text() for path in (ROOT / "workspace").rglob("*.py"))
    for name in re.findall(r'render_email\(\s*"(\w+)"', sources):
        for part in ("subject.txt", "body.txt", "body.html"):
            assert (ROOT / "templates/mail" / name / part).is_file(), f"templates/mail/{name}/{part}"


@pytest.mark.parametrize("language", formatting.LANGUAGES)
def test_every_language_has_a_catalogue_and_its_formats(language: str) -> None:
    formats = ("DAYS", "DATES", "DATES_WITH_YEAR", "TIMES", "LONG_DATETIMES")
    assert [name for name in formats if language not in getattr(formatting, name)] == []
    # The messages themselves are English.
    assert language == "en" or (ROOT / "translations" / language / "LC_MESSAGES/messages.po").is_file()


def test_every_catalogue_is_of_a_language() -> None:
    assert {path.parent.parent.name for path in ROOT.glob("translations/*/LC_MESSAGES/*.po")} < {*formatting.LANGUAGES}
