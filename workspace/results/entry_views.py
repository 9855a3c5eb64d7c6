"""Entering what an organisation owes: one page, one press."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace import rich_text
from workspace.db import transactions
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import Action, NotAllowed, members_with
from workspace.results import periods, queries, recording, values
from workspace.results.blueprint import blueprint
from workspace.results.entry import EntryLine, owed_lines
from workspace.results.forms import StoryForm
from workspace.results.measurements import Reading
from workspace.results.recording import Recorded, Story
from workspace.results.views import PLACE
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial, took_draft
from workspace.web.request_bodies import takes_files


@blueprint.get(f"{PLACE}/numbers")
@members_with(Action.MEASURE)
def enter(membership: Membership) -> ResponseReturnValue:
    """What the member's own organisation owes now."""
    chosen = request.args.get("organisation", "")
    known = {str(row.id) for row in queries.organisations_to_write_for(membership)}
    organisation_id = int(chosen) if chosen in known else membership.organisation_id
    return htmx.redirect_303(f"{membership.partnership.address}results/numbers/{organisation_id}")


@blueprint.get(f"{PLACE}/numbers/<number:organisation_id>")
@members_with(Action.MEASURE)
def edit_numbers(membership: Membership, organisation_id: int) -> ResponseReturnValue:
    """What an organisation owes now, with last time's value beside each field."""
    _require(membership, organisation_id)
    lines = owed_lines(membership, organisation_id)
    context = _context(membership, organisation_id, lines, StoryForm())
    return page_or_partial("results/numbers.html", "results/_numbers.html", **context)


@blueprint.post(f"{PLACE}/numbers/<number:organisation_id>")
@members_with(Action.MEASURE)
@takes_files
def save_numbers(membership: Membership, organisation_id: int) -> ResponseReturnValue:
    """Save what is right; what is not comes back with what is wrong with it."""
    _require(membership, organisation_id)
    form, lines = StoryForm(), owed_lines(membership, organisation_id)
    brought = [(line, reading) for line in lines if (reading := line.read(request.form, organisation_id))]
    # Also what has been measured since the form was opened: somebody's number, or one's own at a second press.
    late = _no_longer_owed(membership, organisation_id, lines)
    brought += [(line, reading) for line, reading in late if reading]
    if not form.validate_for(membership):
        return _again(membership, organisation_id, lines, form, Recorded(), [line for line, _reading in late])
    readings = [reading for _line, reading in brought]
    story = _story(form, readings) if form.story.data and readings else None
    recorded = recording.record(membership, readings, story=story, files=form.attached())
    by_key = {reading.key: line for line, reading in brought}
    for reading, standing in recorded.conflicts:
        by_key[reading.key].standing = standing
    for reading in recorded.overlapping:
        message = _("The days overlap with a number that is there already. Choose other days.")
        by_key[reading.key].refuse("to", message)
    if recorded.written:
        took_draft()
        form.story.data = ""
        form.take_new_key()
        form.carry(membership)
    wrong = [line for line, _reading in brought if line.standing or line.errors]
    wrong += [line for line, reading in late if reading is None]
    wrong += [line for line in lines if (line.errors or line.question) and line not in wrong]
    if not brought and not wrong:
        nothing = _("There was nothing to save. Write a number, or tick ‘Not measured’.")
        if not form.story.data and not form.carried:
            flash_live(nothing)
            return htmx.redirect_client(request.path)
        form.refuse(form.story, nothing)
    if wrong or form.errors:
        return _again(membership, organisation_id, lines, form, recorded, wrong)
    flash_live(_saved(recorded))
    return htmx.redirect_client(f"{membership.partnership.address}results")


def _no_longer_owed(
    membership: Membership, organisation_id: int, lines: Sequence[EntryLine]
) -> list[tuple[EntryLine, Reading | None]]:
    """What is sent for periods that somebody has measured in the meantime, with what stands there if it is wrong."""
    known = {line.key for line in lines}
    found, wrong = [], {}
    for indicator in queries.owed_by(membership, organisation_id):
        prefix = f"-{indicator.number}-"
        keys = {
            name.partition("-")[2] for name in request.form if prefix in f"-{name}" and name.startswith(("a-", "na-"))
        }
        for key in sorted(keys - known):
            day = key.partition("-")[2]
            if len(day) != 8 or not (day.isascii() and day.isdecimal()):
                continue
            period = periods.of_text(indicator.rhythm, day)
            if period is None or not recording.is_measurable(indicator, period):
                continue
            line = EntryLine(indicator, period)
            if line.key != key:
                continue
            reading = line.read(request.form, organisation_id)
            if not line.is_touched:
                continue
            found.append((line, reading))
            if reading is None:
                wrong[indicator.number, organisation_id, period.last] = line
    for place, standing in recording.present(membership, wrong).items():
        wrong[place].standing = standing
    return found


def _require(membership: Membership, organisation_id: int) -> None:
    """Raise the appropriate error unless the member may enter numbers for the organisation."""
    if membership.sits_for(organisation_id):
        return
    if organisation_id not in {row.id for row in participating_organisations(membership.partnership)}:
        abort(404)
    if organisation_id not in {row.id for row in queries.organisations_to_write_for(membership)}:
        if membership.level == "moderator":
            return
        raise NotAllowed(_("You enter numbers for your own organisation only."))


def _story(form: StoryForm, readings: Sequence[Reading]) -> Story:
    """The progress that carries the numbers; its title says them."""
    first = readings[0]
    if len({reading.indicator.number for reading in readings}) == 1:
        title = f"{first.indicator.name}: {values.shown(first.indicator, first.value)}"
    else:
        title = _("Numbers for %(period)s", period=periods.label(first.indicator.rhythm, first.period))
    body = rich_text.from_plain(form.story.data)
    return Story(title=title[:120], body=body, one_time_key=form.one_time_key.data)


def _saved(recorded: Recorded) -> str:
    count = len(recorded.written)
    if not count:
        return _("The numbers were saved already.")
    if all(reading.numerator is None for reading in recorded.written):
        return _("It is saved.")
    return ngettext("The number is saved.", "%(num)s numbers are saved.", count)


def _again(
    membership: Membership,
    organisation_id: int,
    lines: Sequence[EntryLine],
    form: StoryForm,
    recorded: Recorded,
    wrong: Sequence[EntryLine] = (),
) -> ResponseReturnValue:
    written = {reading.key[0::2] for reading in recorded.written}
    left = [line for line in lines if (line.indicator.number, line.period.last) not in written or line.is_irregular]
    left = [line for line in left if not (line.is_irregular and line.is_touched and line not in wrong and written)]
    others = [line for line in wrong if line not in left]
    saved = ""
    if recorded.written:
        transactions.keep_in_part()
        saved = _saved(recorded)
    context = _context(membership, organisation_id, [*others, *left], form)
    status = 409 if recorded.conflicts else 422
    return htmx.form_error(
        "results/_numbers.html", page="results/numbers.html", status=status, saved=saved, wrong=wrong, **context
    )


def _context(
    membership: Membership, organisation_id: int, lines: Sequence[EntryLine], form: StoryForm
) -> dict[str, Any]:
    return {
        "lines": lines,
        "form": form,
        "organisation_id": organisation_id,
        "organisations": queries.organisations_to_write_for(membership),
        "action": f"{membership.partnership.address}results/numbers/{organisation_id}",
        **partnership_context(membership),
    }
