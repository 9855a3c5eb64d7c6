"""What a digest says: what is new for its reader, in its order, and nothing else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.factories import (
    Holder,
    Level,
    OrganisationKind,
    Side,
    add_member,
    attach_picture,
    challenge,
    comment,
    make_organisation,
    make_role,
    make_user,
    replace_file,
    share,
    start_partnership,
    upload_picture,
)
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import compose, phrases, planning
from workspace.digests.compose import build
from workspace.digests.queries import Section
from workspace.digests.view_model import Digest
from workspace.files import attaching
from workspace.files.attaching import Attachments
from workspace.overview.action_items import action_list, postpone
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, MembershipState, Stage
from workspace.roles import offers

MONDAY = datetime(2026, 3, 16, 9, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("app")


def coming(user: User) -> Digest:
    db.session.commit()
    return build(planning.coming(user))


def titles(digest: Digest, group: Section) -> list[str]:
    return [block.title for block in digest.of(group)]


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Digital genoptræning", by=make_user("Mette Krag"))


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari"))


def test_posts_stand_in_their_order_with_the_newest_first(moderator: Membership, reader: Membership) -> None:
    solved = challenge(moderator, "Løst")
    solved.solve(moderator, "Sådan gjorde vi.")
    for title in ("Fremskridt 1", "Fremskridt 2"):
        share(moderator, title)
    challenge(moderator, "Udfordring 1")
    challenge(moderator, "Udfordring 2")
    digest = coming(reader.user)
    order = [Section.CHALLENGES] * 2 + [Section.SOLVED] + [Section.PROGRESS] * 2
    assert [block.group for block in digest.blocks] == order
    assert titles(digest, Section.CHALLENGES) == ["Udfordring 2", "Udfordring 1"]
    assert titles(digest, Section.SOLVED) == ["Løst"]
    assert titles(digest, Section.PROGRESS) == ["Fremskridt 2", "Fremskridt 1"]
    assert digest.of(Section.SOLVED)[0].text == "Sådan gjorde vi."


def test_a_post_has_one_block_however_much_happened_to_it(moderator: Membership, reader: Membership) -> None:
    post = challenge(moderator, "Vi mangler borgere")
    for _ in range(3):
        comment(post, moderator)
    post.take(moderator)
    digest = coming(reader.user)
    assert len(digest.blocks) == 1
    assert digest.blocks[0].meta.endswith("3 new comments")
    assert digest.blocks[0].turn == "In progress"
    assert (digest.comments, digest.commented) == (0, 0)


def test_comments_alone_are_counted_in_one_line(moderator: Membership, reader: Membership) -> None:
    posts = [share(moderator), share(moderator)]
    reading.read_all(reader, reader.partnership.last_number)
    db.session.commit()
    for post in (*posts, posts[0]):
        comment(post, moderator)
    withdrawn = comment(posts[1], moderator)
    withdrawn.withdraw(moderator, posts[1])
    digest = coming(reader.user)
    assert (digest.blocks, digest.comments, digest.commented) == ([], 3, 2)
    assert [phrases.comments(place) for place in digest.places] == ["3 comments on 2 posts"]
    assert not digest.is_empty


def test_there_are_fifteen_blocks_at_most_and_the_rest_is_counted(moderator: Membership, reader: Membership) -> None:
    for number in range(27):
        share(moderator, f"Fremskridt {number}")
    digest = coming(reader.user)
    assert (len(digest.blocks), digest.more, digest.new) == (15, 12, 27)
    assert digest.blocks[0].title == "Fremskridt 26"


def test_what_was_read_or_written_by_oneself_is_not_new(moderator: Membership, reader: Membership) -> None:
    share(moderator, "Læst")
    reading.read_all(reader, reader.partnership.last_number)
    share(reader, "Min egen")
    assert coming(reader.user).is_empty
    share(moderator, "Ny")
    assert titles(coming(reader.user), Section.PROGRESS) == ["Ny"]


def test_what_is_read_between_planning_and_sending_is_not_told(moderator: Membership, reader: Membership) -> None:
    share(moderator, "Læst")
    request = planning.coming(reader.user)
    reading.read_all(reader, reader.partnership.last_number)
    db.session.commit()
    assert build(request).is_empty


def test_what_came_after_planning_waits_for_the_next_digest(moderator: Membership, reader: Membership) -> None:
    share(moderator, "Før")
    request = planning.coming(reader.user)
    share(moderator, "Efter")
    assert titles(build(request), Section.PROGRESS) == ["Før"]


def test_a_withdrawn_post_is_not_told(moderator: Membership, reader: Membership) -> None:
    post = share(moderator)
    post.withdraw(moderator)
    assert coming(reader.user).is_empty


@pytest.mark.parametrize("state", [MembershipState.SUSPENDED, MembershipState.ENDED])
def test_a_membership_that_is_no_longer_active_gives_nothing(
    state: MembershipState, moderator: Membership, reader: Membership
) -> None:
    elsewhere = start_partnership("Et andet sted")
    add_member(elsewhere, reader.user)
    share(moderator, "Fortroligt")
    share(elsewhere, "Åbent")
    request = planning.coming(reader.user)
    reader.state = state
    db.session.commit()
    digest = build(request)
    assert [block.title for block in digest.blocks] == ["Åbent"]
    assert "Digital genoptræning" not in repr(digest)


def test_what_waits_stands_first_and_is_reason_enough_once_a_week(moderator: Membership, reader: Membership) -> None:
    post = challenge(reader, "Vi mangler borgere")
    post.ask(moderator, reader)
    reading.read_all(reader, reader.partnership.last_number)
    digest = coming(reader.user)
    assert [item.title for item in digest.waiting] == ["You are asked to take: Vi mangler borgere"]
    assert phrases.subject(digest) == "Digest: You are asked to take: Vi mangler borgere"
    assert not digest.is_empty


def test_what_waits_for_any_moderator_waits_for_each(moderator: Membership, reader: Membership) -> None:
    make_role(moderator, "Data")
    assert coming(moderator.user).waiting == [], "nothing is said of roles in a partnership's first two weeks"
    moderator.partnership.created_at -= timedelta(days=15)
    assert [item.title for item in coming(moderator.user).waiting] == ["‘Data’ has nobody accountable"]
    assert coming(moderator.user).is_empty, "what nobody asks for is no reason for a mail"
    challenge(reader, "Ny udfordring")
    assert not coming(moderator.user).is_empty
    assert coming(reader.user).waiting == []


def test_what_waits_is_said_as_on_the_overview(moderator: Membership, reader: Membership) -> None:
    moderator.partnership.created_at -= timedelta(days=15)
    for name in ("Data", "Presse", "Drift"):
        make_role(moderator, name)
    asked = make_role(moderator, "Kurser")
    offers.offer(asked, moderator, to=reader, kind=Holder.ACCOUNTABLE)
    challenge(reader, "Vi mangler borgere").ask(reader, moderator)
    together, mine = "3 roles have nobody accountable", "You are asked to take: Vi mangler borgere"
    assert [item.title for item in coming(moderator.user).waiting] == [mine, together]
    assert [item.title for item in action_list(moderator.user).waiting] == [mine, together]
    [item] = [item for item in action_list(moderator.user).waiting if item.title == together]
    postpone(moderator.user, item, clock.now() + timedelta(days=7))
    assert [item.title for item in coming(moderator.user).waiting] == [mine]


def test_each_partnership_stands_under_its_name(moderator: Membership, reader: Membership) -> None:
    quiet, other = (start_partnership(name, by=make_user()) for name in ("Aftalen", "Klimaklar"))
    for by in (quiet, other):
        add_member(by, reader.user)
    partnerships_service.change_stage(quiet, Stage.TRIAL)
    share(moderator, "Et fremskridt")
    challenge(other, "En udfordring")
    for number in range(16):
        share(moderator, f"Fremskridt {number}")
    digest = coming(reader.user)
    assert [(place.name, len(place.blocks), place.more) for place in digest.places] == [
        ("Klimaklar", 1, 0),
        ("Digital genoptræning", 14, 3),
        ("Aftalen", 0, 0),
    ]
    assert (digest.more, digest.partnerships, digest.more_places) == (3, 2, 0)
    for number in range(compose.MOST_PLACES):
        founder = start_partnership(f"Nummer {number}", by=make_user())
        add_member(founder, reader.user)
        share(founder)
    digest = coming(reader.user)
    assert (len(digest.places), digest.more_places) == (compose.MOST_PLACES, 3)
    assert phrases.greeting(digest).endswith("38 new posts.")


def test_who_did_it_is_named(moderator: Membership, reader: Membership) -> None:
    solver = add_member(moderator, make_user("Per Løser"), Level.MODERATOR)
    posts = [challenge(moderator, title) for title in ("Løst", "Taget", "Ny")]
    reading.read_all(reader, posts[1].number)
    db.session.commit()
    posts[0].solve(solver, "Med tape.")
    posts[1].take(solver)
    posts[2].take(solver)
    credits = {block.title: block.meta for block in coming(reader.user).blocks}
    place = solver.organisation.name
    assert credits == {
        "Løst": f"Solved by Per Løser, {place}",
        "Taget": f"Taken by Per Løser, {place}",
        "Ny": f"Shared by Mette Krag, {moderator.organisation.name}",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Kort\n\ntekst", "Kort tekst"),
        ("ord " * 40, "ord " * 35 + "…"),
        ("Vandmåleren " * 20, "Vandmåleren " * 11 + "…"),
        ("x" * 139 + " næste ord", "x" * 139 + " …"),
        ("x" * 140 + " næste ord", "x" * 140 + " …"),
        ("x" * 141, "x" * 140 + " …"),
    ],
)
def test_an_excerpt_ends_between_words(text: str, shown: str, moderator: Membership, reader: Membership) -> None:
    share(moderator, "Titel", text)
    assert coming(reader.user).blocks[0].text == shown


def test_who_has_not_been_here_for_a_month_is_told_to_moderators() -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        moderator = start_partnership("Digital genoptræning")
        names = ["Anna", "Bo", "Carla", "Dan", "Eva"]
        members = [add_member(moderator, make_user(name)) for name in names]
        share(moderator, "For længe siden")
        clock.shift(timedelta(days=32))
        reading.read_all(members[0], moderator.partnership.last_number)
        share(members[1], "Bo skriver, men læser ikke")
        challenge(members[1], "Ny")
        lines = [line.text for line in coming(moderator.user).moderating]
    assert "Not here for a month: Carla, Dan and Eva (Digital genoptræning)" in lines


def test_a_challenge_that_came_to_stand_still_is_told_once() -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        moderator = start_partnership()
        reader = add_member(moderator)
        challenge(moderator, "Går i stå")
        reading.read_all(reader, reader.partnership.last_number)
        clock.shift(timedelta(days=13))
        assert coming(reader.user).is_empty
        clock.shift(timedelta(days=2))
        digest = coming(reader.user)
        assert [(block.title, block.turn) for block in digest.blocks] == [("Går i stå", "Stalled since 16 March")]
        clock.shift(timedelta(days=8))
        assert coming(reader.user).is_empty


def test_a_post_that_cannot_be_told_does_not_keep_back_the_others(
    moderator: Membership, reader: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("Det ene", "Det umulige", "Det andet"):
        share(moderator, title)
    block = compose._block

    def failing(row: Any, *where: Any) -> Any:
        if row.title == "Det umulige":
            raise ValueError("This one can't be told.")
        return block(row, *where)

    monkeypatch.setattr(compose, "_block", failing)
    digest = coming(reader.user)
    assert [one.title for one in digest.blocks] == ["Det andet", "Det umulige", "Det ene"]
    assert "can't be shown" in digest.blocks[1].meta
    assert digest.trouble.endswith("could not be told: ValueError")


def test_a_new_stage_and_new_members_are_told(moderator: Membership, reader: Membership) -> None:
    partnerships_service.change_stage(moderator, Stage.TRIAL)
    add_member(moderator)
    add_member(moderator)
    digest = coming(reader.user)
    assert [line.text for line in digest.lines] == [
        "Digital genoptræning is in the stage ‘Trial’ now",
        "2 new members in Digital genoptræning",
    ]


def told_of_files(reader: Membership) -> list[str]:
    return [line.text for line in coming(reader.user).lines]


@pytest.mark.parametrize("to", ["post", "comment"])
def test_files_that_come_later_are_told_in_a_line_and_new_versions_in_another(
    to: str, moderator: Membership, reader: Membership
) -> None:
    post = share(moderator)
    text = post if to == "post" else comment(post, moderator)
    reading.read_all(reader, reader.partnership.last_number)
    numbers = [upload_picture(moderator, f"{name}.png").number for name in ("Den ene", "Den anden")]
    with moderator.partnership.locked():
        attaching.change(moderator, text.number, Attachments(tuple(numbers)))
    attach_picture(reader, text, "Min egen.png")
    assert told_of_files(reader) == ["2 files attached in Digital genoptræning"]
    replace_file(moderator, numbers[0])
    lines = coming(reader.user).lines
    assert [line.text for line in lines] == [
        "2 files attached in Digital genoptræning",
        "1 new version of a file in Digital genoptræning",
    ]
    assert {line.address for line in lines} == {f"{moderator.partnership.address}files"}
    assert told_of_files(moderator) == ["1 file attached in Digital genoptræning"]
    reading.read_opened_post(reader.id, post.number, reader.partnership.last_number)
    assert coming(reader.user).is_empty


def test_reading_one_post_leaves_the_files_of_another_to_be_told(moderator: Membership, reader: Membership) -> None:
    first, second = share(moderator), share(moderator)
    reading.read_all(reader, reader.partnership.last_number)
    attach_picture(moderator, first)
    reading.read_post(reader, second.number, reader.partnership.last_number)
    assert told_of_files(reader) == ["1 file attached in Digital genoptræning"]
    reading.read_cards(reader, {first.number: reader.partnership.last_number})
    assert coming(reader.user).is_empty


def test_files_of_what_is_new_itself_are_not_told_twice(moderator: Membership, reader: Membership) -> None:
    old = share(moderator)
    reading.read_all(reader, reader.partnership.last_number)
    post = share(moderator)
    attach_picture(moderator, post)
    attach_picture(moderator, comment(old, moderator))
    digest = coming(reader.user)
    assert digest.lines == []
    assert "Files: Sensor.png" in digest.blocks[0].meta
    assert digest.comments == 1


@pytest.mark.parametrize("gone", ["file", "post", "comment"])
def test_files_that_are_gone_are_not_told(gone: str, moderator: Membership, reader: Membership) -> None:
    post = share(moderator)
    written = comment(post, moderator)
    reading.read_all(reader, reader.partnership.last_number)
    file = attach_picture(moderator, written if gone == "comment" else post)
    assert told_of_files(reader)
    if gone == "file":
        file.withdraw(moderator)
    elif gone == "post":
        post.withdraw(moderator)
    else:
        written.withdraw(moderator, post)
    assert told_of_files(reader) == []


def test_under_a_partnerships_name_stand_the_organisations_that_take_part() -> None:
    moderator = start_partnership("Sammen")
    reader = add_member(moderator, make_user(organisation=make_organisation("Icura", OrganisationKind.COMPANY)))

    def told() -> list[str]:
        return [place.organisations for place in coming(reader.user).places]

    share(moderator)
    own = moderator.user.organisation.name
    assert told() == [f"{own} and Icura"]
    for _ in range(4):
        add_member(moderator, side=Side.MUNICIPALITIES)
    partnerships_service.set_sides(moderator, {make_organisation("Only invited").id: Side.OTHERS})
    assert told() == ["5 on the municipalities' side and Icura"]
    by_itself = start_partnership("Alene", by=reader.user)
    share(add_member(by_itself, make_user(organisation=reader.user.organisation)))
    assert sorted(told())[0] == "", "one alone is not named"


def test_mails_of_a_partnership_that_wants_it_so_carry_titles_only(moderator: Membership, reader: Membership) -> None:
    moderator.partnership.titles_only = True
    challenge(moderator, "En udfordring", "Fortrolig tekst").solve(moderator, "Fortrolig løsning")
    share(moderator, "Et fremskridt", "Fortrolig tekst")
    digest = coming(reader.user)
    assert [block.title for block in digest.blocks] == ["En udfordring", "Et fremskridt"]
    assert "Fortrolig" not in repr(digest)


def test_the_subject_says_what_is_in_it(moderator: Membership, reader: Membership) -> None:
    share(moderator, "Et eneste fremskridt")
    assert phrases.subject(coming(reader.user)) == "Digest: Et eneste fremskridt"
    share(moderator)
    challenge(moderator)
    assert phrases.subject(coming(reader.user)) == "Digest: 3 new posts"
    challenge(reader, "Hvem kan?").ask(moderator, reader)
    assert phrases.subject(coming(reader.user)) == "Digest: You are asked to take: Hvem kan? · 3 new posts"
    challenge(reader).ask(moderator, reader)
    assert phrases.subject(coming(reader.user)) == "Digest: 2 challenges are waiting for you · 3 new posts"


def test_the_first_sentence_writes_numbers_as_words(moderator: Membership, reader: Membership) -> None:
    other = start_partnership()
    add_member(other, reader.user)
    for by in (moderator, moderator, other):
        share(by)
    assert phrases.greeting(coming(reader.user)) == "There are three new posts in two of your partnerships."
    challenge(reader).ask(moderator, reader)
    greeting = phrases.greeting(coming(reader.user))
    assert greeting == "One thing is waiting for you, and there are three new posts in two of your partnerships."


def test_a_digest_asks_the_same_with_many_posts_and_members_as_with_few(
    statements: Callable[[], AbstractContextManager[list[str]]], moderator: Membership, reader: Membership
) -> None:
    def asked(user: User) -> int:
        request = planning.coming(user)
        with statements() as heard:
            build(request)
        return len(heard)

    def grow(count: int) -> None:
        for _ in range(count):
            post = challenge(moderator)
            comment(post, add_member(moderator, level=Level.CONTRIBUTOR))
            post.ask(moderator, reader)

    grow(2)
    few: Any = asked(reader.user), asked(moderator.user)
    grow(30)
    assert (asked(reader.user), asked(moderator.user)) == few
