"""Who holds a role, under many hands: the database takes one accountable holder, and the loser is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.factories import Holder, add_member, hold, make_role, start_partnership
from tests.partnerships.test_log import at_once
from workspace import Workspace, clock
from workspace.db import db
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import Conflict
from workspace.roles import answers, endings
from workspace.roles import offers as offers_module
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment, accountable
from workspace.roles.models import Role

Work = Callable[[], object]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership()


def row(role: Role, member: Membership, **fields: object) -> RoleAssignment:
    """A row that no verb makes."""
    return RoleAssignment(
        **{
            "partnership_id": role.partnership_id,
            "role_id": role.id,
            "membership_id": member.id,
            "kind": AssignmentKind.ACCOUNTABLE,
            "state": AssignmentState.HELD,
            "since": clock.now(),
        }
        | fields
    )


def refused(*rows: RoleAssignment) -> bool:
    """Whether the database refuses these rows."""
    db.session.add_all(rows)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return True
    return False


def test_the_database_refuses_a_second_accountable_holder(moderator: Membership) -> None:
    role, other = make_role(moderator), add_member(moderator)
    past = row(role, other, until=clock.now())
    assert not refused(row(role, moderator), past)
    assert refused(row(role, other))
    assert refused(row(role, other, state=AssignmentState.OFFERED), row(role, moderator, state=AssignmentState.OFFERED))
    assert not refused(row(role, other, kind=AssignmentKind.HELPER))
    assert refused(row(role, other, kind=AssignmentKind.HELPER))


def test_the_database_refuses_a_holder_from_another_partnership(moderator: Membership) -> None:
    stranger = start_partnership()
    assert refused(row(make_role(moderator), stranger))
    assert refused(row(make_role(stranger), stranger, partnership_id=moderator.partnership_id))


def test_two_who_are_offered_the_responsibility_at_the_same_moment(app: Workspace, moderator: Membership) -> None:
    role, members = make_role(moderator), [add_member(moderator) for _ in range(6)]
    ids = [member.id for member in members]

    def offers(member_id: int) -> Work:
        return lambda: offers_module.offer(
            db.session.get_one(Role, role_id),
            db.session.get_one(Membership, moderator_id),
            to=db.session.get_one(Membership, member_id),
            kind=AssignmentKind.ACCOUNTABLE,
        )

    role_id, moderator_id = role.id, moderator.id
    refusals = at_once(app, *[offers(member_id) for member_id in ids])
    assert sorted(type(refusal).__name__ for refusal in refusals if refusal) == ["Conflict"] * 5
    assert len(db.session.scalars(select(RoleAssignment)).all()) == 1


def test_two_who_asked_are_given_the_responsibility_at_the_same_moment(app: Workspace, moderator: Membership) -> None:
    role, members = make_role(moderator), [add_member(moderator) for _ in range(4)]
    asked = [offers_module.ask(role, member, kind=AssignmentKind.ACCOUNTABLE).id for member in members]
    moderator_id = moderator.id

    def gives(assignment_id: int) -> Work:
        return lambda: answers.accept(
            db.session.get_one(RoleAssignment, assignment_id), db.session.get_one(Membership, moderator_id)
        )

    refusals = at_once(app, *[gives(assignment_id) for assignment_id in asked])
    assert [type(refusal).__name__ for refusal in refusals].count("NoneType") == 1
    assert all(isinstance(refusal, Conflict) for refusal in refusals if refusal)
    assert (
        len(db.session.scalars(select(RoleAssignment).where(RoleAssignment.state == AssignmentState.HELD)).all()) == 1
    )


def test_accepting_and_withdrawing_at_the_same_moment_settles_it_once(app: Workspace, moderator: Membership) -> None:
    role, member = make_role(moderator), add_member(moderator)
    offered = offers_module.offer(role, moderator, to=member, kind=AssignmentKind.ACCOUNTABLE)
    assignment_id, ids = offered.id, (moderator.id, member.id)
    refusals = at_once(
        app,
        lambda: offers_module.withdraw(
            db.session.get_one(RoleAssignment, assignment_id), db.session.get_one(Membership, ids[0])
        ),
        lambda: answers.accept(
            db.session.get_one(RoleAssignment, assignment_id), db.session.get_one(Membership, ids[1])
        ),
    )
    assert sum(isinstance(refusal, Conflict) for refusal in refusals) == 1
    assert (accountable(role) is not None) == (refusals[1] is None)


def test_a_person_who_comes_back_has_the_role_again_unless_it_was_given_on(moderator: Membership) -> None:
    role, first, second = make_role(moderator), add_member(moderator), add_member(moderator)
    hold(role, first, moderator)
    first.state = MembershipState.ENDED
    assert accountable(role) is None
    first.state = MembershipState.ACTIVE
    held = accountable(role)
    assert held is not None
    assert held.membership_id == first.id
    first.state = MembershipState.SUSPENDED
    given = hold(role, second, moderator)
    first.state = MembershipState.ACTIVE
    held = accountable(role)
    assert held is not None
    assert (held.membership_id, given.former_id) == (second.id, first.id)


def test_an_offer_to_somebody_who_left_does_not_stand_in_the_way(moderator: Membership) -> None:
    role, first, second = make_role(moderator), add_member(moderator), add_member(moderator)
    old = offers_module.offer(role, moderator, to=first, kind=AssignmentKind.ACCOUNTABLE)
    db.session.commit()
    with pytest.raises(Conflict, match="Withdraw that offer first"):
        offers_module.offer(role, moderator, to=second, kind=AssignmentKind.ACCOUNTABLE)
    db.session.rollback()
    first.state = MembershipState.ENDED
    offers_module.offer(role, moderator, to=second, kind=AssignmentKind.ACCOUNTABLE)
    assert old.state is AssignmentState.WITHDRAWN


def test_it_changes_hands_at_its_date_without_anybody_doing_it(moderator: Membership) -> None:
    role, first, second = make_role(moderator), add_member(moderator), add_member(moderator)
    hold(role, first, moderator)
    date = clock.now() + timedelta(days=7)
    handed = offers_module.offer(
        role,
        first,
        to=second,
        kind=AssignmentKind.ACCOUNTABLE,
        notes="Alt står her",
        starts_at=date,
        stays_as_helper=True,
    )
    answers.accept(handed, second)
    db.session.commit()
    for days, holder in ((6, first), (8, second)):
        with clock.at(clock.now() + timedelta(days=days)):
            held = accountable(role)
            assert held is not None
            assert held.membership_id == holder.id
    helper = db.session.scalars(select(RoleAssignment).where(RoleAssignment.kind == AssignmentKind.HELPER)).one()
    assert (helper.membership_id, helper.since, helper.until) == (first.id, date, date + answers.FORMER_HELPS_FOR)
    third = add_member(moderator)
    hold(role, third, moderator)  # Before the date: the second never begins.
    with clock.at(clock.now() + timedelta(days=8)):
        held = accountable(role)
        assert held is not None
        assert held.membership_id == third.id


def test_a_helper_who_becomes_accountable_helps_no_more(moderator: Membership) -> None:
    role, member = make_role(moderator), add_member(moderator)
    helps = hold(role, member, moderator, Holder.HELPER)
    hold(role, member, moderator)
    assert helps.is_over
    with pytest.raises(Conflict, match="holds this role already"):
        offers_module.offer(role, moderator, to=member, kind=AssignmentKind.HELPER)


def test_in_an_archived_partnership_nothing_about_roles_changes(moderator: Membership) -> None:
    role, member = make_role(moderator), add_member(moderator)
    held = hold(role, member, moderator)
    moderator.partnership.archived_at = clock.now()
    db.session.commit()
    for work in (
        lambda: offers_module.offer(role, moderator, to=moderator, kind=AssignmentKind.HELPER),
        lambda: offers_module.ask(role, moderator, kind=AssignmentKind.HELPER),
        lambda: endings.end(held, member, "Slut"),
        lambda: endings.retire(role, moderator),
        lambda: endings.resume(role, moderator),
        lambda: role.place(moderator, up=True),
    ):
        with pytest.raises(Conflict, match="archived"):
            work()
        db.session.rollback()
