"""Three digests that are the same every time: a reader's, a moderator's in several partnerships, and a full one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import time_machine

from tests.factories import (
    OrganisationKind,
    Side,
    Stage,
    add_member,
    challenge,
    comment,
    make_organisation,
    make_role,
    make_user,
    share,
    start_partnership,
)
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership

MONDAY = datetime(2026, 3, 16, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 24, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """The readers of the three digests, by the names of these."""

    readers: dict[str, User]


def tell() -> Story:
    """Let a week pass in three partnerships, up to the Tuesday on which the digests go out."""
    with time_machine.travel(MONDAY, tick=False) as clock:
        gladsaxe = make_organisation("Gladsaxe Kommune")
        icura = make_organisation("Icura", OrganisationKind.COMPANY)
        dtu = make_organisation("DTU", OrganisationKind.RESEARCH)
        mette = make_user("Mette Lindholm Krag", gladsaxe, email="mlk@gladsaxe.example")
        farida = make_user("Farida Nazari", icura, email="fan@icura.example")
        henrik = make_user("Henrik Storgaard Vang", dtu, email="hsv@dtu.example")
        sides = {gladsaxe: Side.MUNICIPALITIES, icura: Side.COMPANY}
        knees = start_partnership("Digital genoptræning af knæ og hofter", by=mette, sides=sides)
        company = add_member(knees, farida)
        centre = start_partnership("Innovationscenter i Søborg", by=henrik, sides={dtu: Side.OTHERS})
        guest = add_member(centre, mette, side=Side.MUNICIPALITIES)
        closed = start_partnership("KlimaKlar", by=farida, sides={icura: Side.COMPANY})
        closed.partnership.titles_only = True
        visitor = add_member(closed, mette, side=Side.MUNICIPALITIES)
        make_role(knees, "Data og databeskyttelse", "Ved, hvad der må deles")
        knees.partnership.created_at -= timedelta(days=60)
        plan = share(centre, "Tidsplanen for efteråret er på plads", "Første spadestik er i oktober.")
        read(knees, company, centre, guest, closed, visitor)
        clock.shift(timedelta(days=1))
        _knees(knees, company, clock)
        share(closed, "Tre virksomheder mere har fået et ressourcetjek", "Fortroligt indtil mødet.")
        video = share(centre, "DTU har sagt ja til tre studieprojekter", "De studerende arbejder med varme og vand.")
        comment(video, centre, "De begynder i august.")
        comment(plan, centre, "Rådgiveren har sagt ja til datoen.")
        partnerships_service.change_stage(centre, Stage.AGREEMENT)
        house = start_partnership("Verdensmålshuset", by=henrik, sides={dtu: Side.OTHERS})
        full = add_member(house, make_user("Kim Ravn", gladsaxe, email="kr@gladsaxe.example"))
        for number in range(18):
            _post(number, house)
            clock.shift(timedelta(minutes=7))
        challenge(full, "Hvem kan åbne døren om aftenen?", "Vi er færdige klokken 21.").ask(house, full)
        db.session.commit()
        return Story({"reader": farida, "moderator": mette, "full": full.user})


def read(*memberships: Membership) -> None:
    """Let these members have read everything."""
    for membership in memberships:
        reading.read_all(membership, membership.partnership.last_number)
        membership.digested_number = membership.partnership.last_number
    db.session.commit()


def _knees(moderator: Membership, company: Membership, clock: time_machine.Traveller) -> None:
    video = share(moderator, "Instruktion på video sparer det første besøg", "Ni ud af ti går selv i gang samme dag.")
    comment(video, company, "Det vil vi også prøve.")
    support = challenge(
        company,
        "Borgerne mangler støtte, når sensorerne er afleveret",
        "Efter fjorten dage falder brugen til det halve.",
        answer_by=date(2026, 3, 31),
    )
    clock.shift(timedelta(hours=26))
    support.ask(moderator, company)
    comment(support, moderator, "Hos os er det tre uger.")
    machines = challenge(company, "To sensorer lader ikke op", "Det er de gamle opladere.")
    machines.solve(company, f"Vi har byttet opladerne: https://icura.example/{'vejledning' * 9}.")
    doors = challenge(moderator, "Vi kan ikke låse op efter klokken 18 & sådan <noget>", "Døren låser sig selv.")
    doors.park(moderator, "Vagten har ferie.", date(2026, 5, 1))


def _post(number: int, by: Membership) -> None:
    title = f"Nummer {number}: " + "et opslag med en lang og lidt omstændelig titel om det, der skete"
    share(by, title[:118], "Det begyndte med en samtale over en kop kaffe, og så tog det ene det andet. " * 4)
