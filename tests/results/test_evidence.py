"""Files as evidence: they come with numbers, are shown with them, and are read by whoever may read the numbers."""

from collections.abc import Callable
from io import BytesIO

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import PIXEL, make_administrator
from tests.files.places import PDF, check, replaced, upload, uploaded
from tests.pages import Page
from tests.results.town import BEGUN, LATEST, NAMES, Town, at, measure, reading
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.files.models import File
from workspace.files.verbs import ATTACHED
from workspace.members.moderation import service as moderation_service
from workspace.partnerships.activity_log import Entry
from workspace.posts.models import Post
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator

SignIn = Callable[[User], Client]
OWN, OTHER = NAMES[0], NAMES[1]
NAME = "Udtræk fra journalen"


@pytest.fixture
def indicator(town: Town) -> Indicator:
    with at(BEGUN):
        return town.indicator()


@pytest.fixture
def browser(town: Town, sign_in: SignIn) -> Client:
    """Of somebody who enters the numbers of a municipality."""
    return sign_in(town.members[OWN].user)


def entry(town: Town) -> str:
    return f"{town.partnership.address}results/numbers/{town.organisations[OWN]}"


def readings(town: Town, indicator: Indicator) -> str:
    return f"{town.partnership.address}results/{indicator.number}?period={LATEST}"


def typed(indicator: Indicator, first: str = "74", second: str = "118") -> dict[str, object]:
    key = f"{indicator.number}-{LATEST:%Y%m%d}"
    return {f"a-{key}": first, f"b-{key}": second}


def sent_with(browser: Client, town: Town, indicator: Indicator, *numbers: int, **more: object) -> int:
    """The status of the answer to a number that comes with these uploads."""
    fields = typed(indicator) | {"uploads": list(numbers)} | more
    return browser.submit(entry(town), fields, page=entry(town)).status_code


def file(town: Town, number: int) -> File:
    db.session.expire_all()
    return db.session.get_one(File, (town.partnership.id, number))


def correction(town: Town) -> str:
    present = select(Measurement.id).where(Measurement.replaced_by_number.is_(None))
    return f"{town.partnership.address}results/measurements/{db.session.scalar(present)}/correction"


def test_a_file_stands_with_its_number_and_whoever_reads_that_reads_it(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn, app: Workspace
) -> None:
    number = uploaded(browser, town.members[OWN], f"{NAME}.pdf")
    assert sent_with(browser, town, indicator, number) == 303
    assert "The file is being checked" in browser.page(readings(town, indicator)).text
    assert check() == 1
    content = f"{town.partnership.address}files/{number}/content"
    for member in (town.reader, town.moderator, town.members[OTHER]):
        other = sign_in(member.user)
        assert f"{NAME}.pdf" in other.page(readings(town, indicator)).text
        assert (other.get(content).status_code, other.get(content).data) == (200, PDF)
    listed = browser.page(f"{town.partnership.address}files")
    assert any(link.get("href") == f"{town.partnership.address}results/{indicator.number}" for link in listed.all("a"))
    leaver, outsider = sign_in(town.reader.user), sign_in(make_administrator())
    moderation_service.remove(town.moderator, [town.reader.id], reason="Ny stilling", confirmed=True)
    db.session.commit()
    for stranger, status in ((leaver, 404), (outsider, 404), (app.test_client(), 303)):
        for address in (content, readings(town, indicator), f"{town.partnership.address}files/{number}"):
            assert stranger.get(address).status_code == status


def test_a_withdrawn_file_is_gone_from_its_number_and_comes_back(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn
) -> None:
    number = uploaded(browser, town.members[OWN], f"{NAME}.pdf")
    sent_with(browser, town, indicator, number)
    check()
    reader, page = sign_in(town.reader.user), f"{town.partnership.address}files/{number}"
    gone = browser.submit(f"{page}/withdrawal", page=f"{page}/withdrawal")
    assert gone.location == f"{town.partnership.address}results/{indicator.number}"
    assert NAME not in reader.page(readings(town, indicator)).text
    assert reader.get(f"{page}/content").status_code == 404
    assert browser.submit(f"{page}/restoration").status_code == 303
    assert NAME in reader.page(readings(town, indicator)).text
    reason = {"reason": "Et CPR-nummer"}
    assert sign_in(town.moderator.user).submit(f"{page}/redaction", reason).status_code == 303
    assert NAME not in reader.page(readings(town, indicator)).text


def test_numbers_that_are_told_carry_their_files_as_a_post_does(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn
) -> None:
    number = uploaded(browser, town.members[OWN], f"{NAME}.pdf")
    assert sent_with(browser, town, indicator, number, story="Vi har talt i journalen.") == 303
    check()
    reader = sign_in(town.reader.user)
    post = db.session.scalars(select(Post)).one()
    assert file(town, number).entry_number == post.number
    for address in (f"{town.partnership.address}posts/{post.number}", readings(town, indicator)):
        assert NAME in reader.page(address).text
    post.withdraw(town.members[OWN])
    db.session.commit()
    assert NAME not in reader.page(readings(town, indicator)).text, "It is gone with the text that it stood in"
    assert reader.get(f"{town.partnership.address}files/{number}/content").status_code == 404


def test_without_script_the_files_come_along_and_are_kept_when_something_is_wrong(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    wrong = typed(indicator, "118", "74") | {"attachments": (BytesIO(PDF), f"{NAME}.pdf")}
    answer = browser.submit(entry(town), wrong, page=entry(town))
    assert answer.status_code == 422
    form = Page(answer.text).form(entry(town))
    assert form["uploads"] == "1"
    assert browser.post(entry(town), data=form | typed(indicator)).status_code == 303
    assert file(town, 1).entry_number is not None
    assert town.partnership.last_file_number == 1


def test_files_without_a_number_are_kept_in_the_form(town: Town, indicator: Indicator, browser: Client) -> None:
    number = uploaded(browser, town.members[OWN])
    answer = browser.submit(entry(town), {"uploads": [number]}, page=entry(town))
    assert answer.status_code == 422
    assert "There was nothing to save" in Page(answer.text).text
    assert Page(answer.text).form(entry(town))["uploads"] == str(number)


def test_what_is_saved_takes_its_files_and_what_is_not_comes_back_without(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    with at(BEGUN):
        second = town.indicator("Opkald", organisations=[town.organisations[OWN]])
    number = uploaded(browser, town.members[OWN])
    wrong = typed(second, "118", "74")
    answer = browser.submit(entry(town), typed(indicator) | wrong | {"uploads": [number]}, page=entry(town))
    assert answer.status_code == 422
    form = Page(answer.text).form(entry(town))
    assert "uploads" not in form
    assert file(town, number).entry_number is not None
    assert browser.post(entry(town), data=form | typed(second)).status_code == 303


def test_a_correction_has_files_of_its_own_and_keeps_those_of_before(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    former = uploaded(browser, town.members[OWN], "Det første udtræk.pdf")
    sent_with(browser, town, indicator, former)
    address = correction(town)
    later = uploaded(browser, town.members[OWN], "Det rigtige udtræk.pdf")
    why = {"why": "Udtrækket manglede en afdeling", "uploads": [later]}
    assert browser.submit(address, why, page=address).status_code == 303, "The same number, with other evidence"
    assert check() == 2
    text = browser.page(readings(town, indicator)).text
    assert text.index("Det rigtige udtræk.pdf") < text.index("Before: 63% (74 of 118)", text.index("Corrected:"))
    assert text.index("Before: 63% (74 of 118)", text.index("Corrected:")) < text.index("Det første udtræk.pdf")


def test_a_correction_that_fails_keeps_the_files_that_came_with_it(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    sent_with(browser, town, indicator)
    address = correction(town)
    sent = {"why": "", "attachments": (BytesIO(PDF), f"{NAME}.pdf")}
    answer = browser.submit(address, sent, page=address)
    assert answer.status_code == 422
    form = Page(answer.text).form(address)
    assert form["uploads"] == "1"
    assert browser.post(address, data=form | {"why": "Et udtræk til"}).status_code == 303
    assert file(town, 1).entry_number is not None


def test_a_second_press_attaches_nothing_twice(town: Town, indicator: Indicator, browser: Client) -> None:
    number = uploaded(browser, town.members[OWN])
    fields = browser.page(entry(town)).form(entry(town)) | typed(indicator) | {"uploads": str(number)}
    assert [browser.post(entry(town), data=fields).status_code for _press in range(2)] == [303, 303]
    db.session.expire_all()
    assert town.partnership.file_count == 1
    assert db.session.scalar(select(func.count()).select_from(Entry).where(Entry.verb == ATTACHED)) == 0


def test_the_same_number_as_somebody_elses_adds_its_files_to_that(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    fields = browser.page(entry(town)).form(entry(town))
    measure(town.moderator, reading(indicator, town.organisations[OWN], LATEST, "74", "118"))
    number = uploaded(browser, town.members[OWN], f"{NAME}.pdf")
    assert browser.post(entry(town), data=fields | typed(indicator) | {"uploads": str(number)}).status_code == 303
    assert check() == 1
    assert NAME in browser.page(readings(town, indicator)).text
    told = db.session.scalars(select(Entry).where(Entry.verb == ATTACHED)).one()
    assert (told.thing_number, told.details["count"]) == (indicator.number, 1)


def test_a_post_of_somebody_else_takes_no_files_of_numbers(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn
) -> None:
    fields = browser.page(entry(town)).form(entry(town))
    moderator = sign_in(town.moderator.user)
    assert sent_with(moderator, town, indicator, story="Fra alle kommuner.") == 303
    number = uploaded(browser, town.members[OWN])
    answer = browser.post(entry(town), data=fields | typed(indicator) | {"uploads": str(number)})
    assert answer.status_code == 409
    assert "Attach the files in a comment on it" in answer.text
    assert file(town, number).entry_number is None


def test_anothers_upload_is_no_evidence(town: Town, indicator: Indicator, browser: Client, sign_in: SignIn) -> None:
    number = uploaded(sign_in(town.moderator.user), town.moderator)
    fields = browser.page(entry(town)).form(entry(town)) | typed(indicator) | {"uploads": str(number)}
    assert browser.post(entry(town), data=fields).status_code == 409
    assert file(town, number).entry_number is None
    assert not db.session.scalars(select(Measurement)).all(), "Nothing is written without its evidence"


def test_a_refused_file_is_shown_to_its_uploader_only(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn
) -> None:
    answer = upload(browser, town.members[OWN], f"{NAME}.pdf", b"MZ\x90\x00" + bytes(200))
    assert answer.status_code == 200
    assert sent_with(browser, town, indicator, 1) == 303
    assert check() == 1
    assert "Refused" in browser.page(readings(town, indicator)).text
    assert NAME not in sign_in(town.reader.user).page(readings(town, indicator)).text


def test_a_new_version_of_evidence_takes_its_place(
    town: Town, indicator: Indicator, browser: Client, sign_in: SignIn
) -> None:
    number = uploaded(browser, town.members[OWN], f"{NAME}.pdf")
    sent_with(browser, town, indicator, number)
    check()
    assert replaced(browser, town.members[OWN], number, PIXEL).status_code == 303
    assert check() == 1
    shown = sign_in(town.reader.user).page(readings(town, indicator))
    assert any(f"files/{number}/preview/480/2" in (image.get("src") or "") for image in shown.all("img"))
