"""What waits for people about results, in the overview and in digests; and what is told of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from flask_babel import force_locale

from tests.client import Client
from tests.factories import Holder, hold, make_role
from tests.results.town import BEGUN, LATEST, NAMES, NOW, Town, at, measure, reading
from workspace.accounts.models import User
from workspace.db import db
from workspace.overview.action_items import action_list
from workspace.partnerships import service as partnerships_service
from workspace.results.kinds import ReferenceKind

SignIn = Callable[[User], Client]
OWN, LAST = NAMES[0], NAMES[-1]
IN_TIME, LATE = NOW, datetime(2026, 4, 23, 9, tzinfo=UTC)


def waits(user: User, moment: datetime = NOW) -> list[str]:
    """The titles of what waits for somebody."""
    db.session.commit()
    with at(moment), force_locale("en"):
        return [item.title for item in action_list(user).waiting]


def test_a_number_is_due_the_day_after_its_period_for_who_enters_it(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    due = "Enter the number: Borgere, der bruger løsningen"
    member = town.members[OWN]
    assert due in waits(member.user)
    assert due not in waits(member.user, datetime(2024, 1, 20, 9, tzinfo=UTC)), "Before the first period is over"
    assert due not in waits(town.reader.user)
    assert due not in waits(town.moderator.user)
    other = town.members[LAST]
    indicator.set_sources(
        town.moderator, {**dict.fromkeys(town.organisations.values()), member.organisation_id: member.id}, version=1
    )
    assert due in waits(member.user)
    assert due in waits(other.user)
    measure(member, reading(indicator, member.organisation_id, LATEST))
    assert due not in waits(member.user)
    indicator.retire(town.moderator)
    assert due not in waits(other.user)


def test_who_answers_for_it_hears_of_it_after_three_weeks(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    role = make_role(town.moderator, "Måling af resultater")
    indicator.edit(town.moderator, version=indicator.version, role_id=role.id)
    leader = town.members[OWN]
    hold(role, leader, town.moderator, Holder.ACCOUNTABLE)
    for one in list(town.organisations.values())[:-1]:
        measure(town.moderator, reading(indicator, one, LATEST, "1", "2"))
    missing = "Number missing from Rudersdal Kommune: Borgere, der bruger løsningen"
    for user in (leader.user, town.moderator.user):
        assert missing not in waits(user, IN_TIME)
        assert missing in waits(user, LATE)
    assert missing not in waits(town.members[NAMES[1]].user, LATE)


def test_a_side_is_asked_to_agree_and_a_passed_target_is_told(town: Town) -> None:
    indicator = town.indicator()
    asked = "Does your side agree on the indicator ‘Borgere, der bruger løsningen’?"
    assert asked in waits(town.members[OWN].user)
    indicator.agree(town.members[LAST], town.members_side, terms=1)
    assert asked not in waits(town.members[OWN].user)
    assert asked in waits(town.moderator.user)
    passed = "The day of the target has passed: Borgere, der bruger løsningen"
    indicator.set_reference(town.moderator, ReferenceKind.TARGET, version=1, value=Decimal(70), day=date(2026, 4, 1))
    assert passed in waits(town.moderator.user)
    assert passed not in waits(town.members[OWN].user)
    partnerships_service.archive(town.moderator)
    assert waits(town.moderator.user) == []


def test_numbers_stand_in_the_feed_the_history_the_overview_and_the_digest(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    measure(town.moderator, *(reading(indicator, one, LATEST, "1", "2") for one in town.organisations.values()))
    told = "Farida Nazari from Icura entered 4 numbers: Borgere, der bruger løsningen, quarter 1 of 2026"
    reader = sign_in(town.reader.user)
    for page in (town.partnership.address, f"{town.partnership.address}about", "/"):
        assert told in reader.page(page).text, page
    assert "New numbers in Digital genoptræning" in reader.page("/settings/digest").text
