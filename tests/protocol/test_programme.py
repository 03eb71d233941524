"""Programmes in custody: applied, admitted, phases, places, ideas and pilots, and how they end."""

from datetime import date, timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_events as le
from throughcare.contracts import life_facts as lf
from throughcare.contracts.kinds import Data
from throughcare.protocol import notices as rules
from throughcare.protocol.decision import Decided, Refused, Superseded
from throughcare.protocol.intake.programme import overfilled
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.life import PilotRule, ProgrammeRule, is_past_pilot
from throughcare.tests.protocol.story import COORD, PRISON, START, VERSION, Story, day_after

PROFILE = PROFILES[VERSION]
LEADER = ("kg-31", "programme-coordinator")
ENROLLED = facts.ProgrammeEnrolled(programme_code="atlantis", facility="kg-31")
PHASE = lf.ProgrammePhaseStarted(programme_code="atlantis", phase_code="group")
OLD = Superseded("older-than-applied")


def _ended(how: str, code: str = "atlantis", **more: Any) -> lf.ProgrammeEnded:
    return lf.ProgrammeEnded.model_validate({"programme_code": code, "how": how, **more})


def _stand(story: Story, code: str = "atlantis") -> str:
    [one] = [one for one in story.intake.own.enrolments if one.programme_code == code]
    return str(one.stand)


def _with(monkeypatch: pytest.MonkeyPatch, **programmes: ProgrammeRule) -> None:
    named = {code.replace("_", "-"): rule for code, rule in programmes.items()}
    life = PROFILE.life._replace(programmes={**PROFILE.life.programmes, **named})
    known = {VERSION: PROFILE._replace(life=life)}
    monkeypatch.setattr("throughcare.protocol.intake.PROFILES", known)


# -- the way through -----------------------------------------------------------------------------


def test_a_person_applies_is_admitted_goes_through_phases_and_completes(story: Story) -> None:
    story.opened()
    apply = lc.ApplyForProgramme(programme_code="atlantis")
    for data, party, stand in (
        (apply, LEADER, "applied"),
        (ENROLLED, PRISON, "admitted"),
        (PHASE, LEADER, "in-phase"),
        (PHASE.model_copy(update={"phase_code": "second"}), PRISON, "in-phase"),
        (_ended("completed"), PRISON, "completed"),
    ):
        story.now += timedelta(days=1)
        story.must(data, *party)
        assert _stand(story) == stand
    assert [e.phase_code for e in story.events(le.ProgrammePhaseStarted)] == ["group", "second"]
    assert story.events(ie.ConsentGranted) == []  # joining says nothing about sharing data


def test_what_is_said_twice_says_nothing_new(story: Story) -> None:
    story.opened()
    for data, party in (
        (lc.ApplyForProgramme(programme_code="atlantis"), LEADER),
        (ENROLLED, PRISON),
        (PHASE, PRISON),
    ):
        story.must(data, *party)
        assert story.tell(data, *party) == Decided(())
    apply = lc.ApplyForProgramme(programme_code="atlantis")
    assert story.tell(apply, *LEADER) == Decided(())


def test_an_application_is_refused_once_and_only_if_there_was_one(story: Story) -> None:
    refuse = lc.RefuseProgrammeAdmission(programme_code="atlantis", reason_code="no-place")
    apply = lc.ApplyForProgramme(programme_code="atlantis")
    assert story.tell(apply, *LEADER) == Refused("case-not-open")
    story.opened()
    assert story.tell(refuse, *LEADER) == Refused("programme-not-applied")
    story.must(apply, *LEADER)
    story.must(refuse, *LEADER)

    assert _stand(story) == "refused"
    assert story.tell(refuse, *LEADER) == Refused("programme-not-applied")
    story.must(apply, *LEADER)  # and may ask again
    assert _stand(story) == "applied"


@pytest.mark.parametrize("how", ["left", "removed"])
def test_who_left_or_was_removed_may_be_admitted_again(story: Story, how: str) -> None:
    story.opened()
    story.must(ENROLLED, *PRISON)
    story.now += timedelta(days=1)
    story.must(_ended(how, reason_code="own-wish"), *PRISON)
    assert _stand(story) == how
    story.now += timedelta(days=1)
    story.must(ENROLLED, *PRISON)

    assert _stand(story) == "admitted"
    assert story.intake.own.programmes == ("atlantis", "atlantis")


def test_nobody_is_in_a_phase_or_ends_a_programme_they_are_not_in(story: Story) -> None:
    story.opened()
    for data in (PHASE, _ended("left"), _ended("removed"), _ended("completed")):
        assert story.tell(data, *PRISON) == Refused("programme-not-enrolled")


def test_where_phases_are_known_a_programme_is_completed_only_after_one_began(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, atlantis=ProgrammeRule("active", phases=("group", "second")))
    story.opened()
    story.must(ENROLLED, *PRISON)

    assert story.tell(_ended("completed"), *PRISON) == Refused("programme-not-begun")
    story.must(PHASE, *PRISON)
    assert isinstance(story.tell(_ended("completed"), *PRISON), Decided)


def test_a_programme_whose_rules_are_not_known_can_be_joined_and_completed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = PROFILE._replace(life=PROFILE.life._replace(programmes={}))
    monkeypatch.setattr("throughcare.protocol.intake.PROFILES", {VERSION: unknown})
    story.opened()
    story.must(ENROLLED, *PRISON)
    story.must(PHASE, *PRISON)
    story.must(_ended("completed"), *PRISON)

    assert _stand(story) == "completed"


@pytest.mark.parametrize(
    "data",
    [
        PHASE.model_copy(update={"phase_code": "other"}),
        ENROLLED.model_copy(update={"phase_code": "other"}),
    ],
)
def test_a_phase_that_the_programme_does_not_have_is_refused(
    story: Story, monkeypatch: pytest.MonkeyPatch, data: Data
) -> None:
    _with(monkeypatch, atlantis=ProgrammeRule("active", phases=("group",)))
    story.opened()
    if isinstance(data, lf.ProgrammePhaseStarted):
        story.must(ENROLLED, *PRISON)

    assert story.tell(data, *PRISON) == Refused("programme-phase-unknown")


@pytest.mark.parametrize("data", [ENROLLED, PHASE, _ended("left")])
def test_what_was_said_before_the_last_that_was_applied_is_superseded(
    story: Story, data: Data
) -> None:
    story.opened()
    story.must(ENROLLED, *PRISON)

    assert story.tell(data, *PRISON, at=START - timedelta(hours=1)) == OLD


# -- what the profile knows ----------------------------------------------------------------------


def test_a_stay_is_planned_by_what_the_profile_knows_where_the_prison_says_nothing(
    story: Story,
) -> None:
    story.opened()
    story.must(ENROLLED, *PRISON)
    clean = facts.ProgrammeEnrolled(programme_code="clean-zone")
    story.must(clean, *PRISON)

    ends = {e.programme_code: e.planned_end_on for e in story.events(ie.ProgrammeEnrolled)}
    assert ends == {"atlantis": day_after(180), "clean-zone": None}
    said = ENROLLED.model_copy(update={"planned_end_on": day_after(130)})
    other = Story().opened()
    other.must(said, *PRISON)
    assert other.events(ie.ProgrammeEnrolled)[0].planned_end_on == day_after(130)


@pytest.mark.parametrize(("taken", "warned"), [(None, False), (30, False), (40, False), (41, True)])
def test_the_41st_admission_of_a_clean_zone_warns(
    story: Story, taken: int | None, warned: bool
) -> None:
    fact = facts.ProgrammeEnrolled(
        programme_code="clean-zone", facility="kg-31", places_taken=taken
    )
    story.must(fact, *PRISON)

    assert _stand(story, "clean-zone") == "admitted"  # a warning is no refusal
    over = story.events(le.ProgrammeOverfilled)
    assert bool(over) is warned
    known = rules.KnownParties(facility="kg-31")
    told = [n for m in story.said for n in rules.notices(m, known)]
    assert (
        ("programme-full", "programme-coordinator") in {(n.template, n.to_role) for n in told}
    ) is warned
    if warned:
        assert (over[0].places, over[0].places_taken) == (40, 41)


def test_a_projection_counts_places_by_the_same_rule() -> None:
    assert [overfilled(40, n) for n in (39, 40, 41)] == [False, False, True]
    assert not overfilled(None, 500)


@pytest.mark.parametrize("way", ["fact", "apply", "open"])
def test_nobody_is_enrolled_in_a_programme_that_is_only_an_idea(
    story: Story, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    _with(monkeypatch, atlantis_women=ProgrammeRule("idea"))
    code = "atlantis-women"
    if way == "apply":
        story.opened()
    data: dict[str, tuple[Data, tuple[str, str]]] = {
        "fact": (facts.ProgrammeEnrolled(programme_code=code), PRISON),
        "apply": (lc.ApplyForProgramme(programme_code=code), LEADER),
        "open": (
            ic.OpenCase(
                origin="facility",
                reason_code="self-request",
                person_told=True,
                programme_code=code,
            ),
            ("kg-31", "prison-health"),
        ),
    }
    what, who = data[way]

    assert story.tell(what, *who) == Refused("programme-is-idea")


def test_after_a_pilot_has_ended_nobody_is_enrolled_in_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, atlantis=ProgrammeRule("pilot", ends_on=day_after(1)))
    story.opened()
    story.now += timedelta(days=1)
    assert isinstance(story.tell(lc.ApplyForProgramme(programme_code="atlantis"), *LEADER), Decided)
    story.now += timedelta(days=1)

    assert story.tell(ENROLLED, *PRISON) == Refused("programme-has-ended")


def test_a_pilot_service_has_places_a_last_day_and_a_waiting_date() -> None:
    pilot = PilotRule(ends_on=date(2026, 6, 30), places=50, waiting_date=True)
    life = PROFILE.life._replace(pilots={"oat": pilot})

    assert not is_past_pilot(life, "oat", date(2026, 6, 30))
    assert is_past_pilot(life, "oat", date(2026, 7, 1))
    assert not is_past_pilot(life, "art", date(2030, 1, 1))
    assert not is_past_pilot(life._replace(pilots={"oat": PilotRule()}), "oat", date(2030, 1, 1))


# -- moved, and free -----------------------------------------------------------------------------


def test_a_transfer_ends_a_programme_unless_it_goes_on_there(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, clean_zone=ProgrammeRule("active", sites=("kg-2", "kg-31")))
    story.opened()
    story.must(ENROLLED, *PRISON)
    story.must(facts.ProgrammeEnrolled(programme_code="clean-zone"), *PRISON)
    story.must(lc.ApplyForProgramme(programme_code="social-rehab-centre"), *LEADER)
    story.must(facts.PersonTransferred(to_facility="kg-2"), *PRISON)

    assert [(e.programme_code, e.reason_code) for e in story.events(le.ProgrammeLeft)] == [
        ("atlantis", "transferred")
    ]
    assert [(e.programme_code, e.to_facility) for e in story.events(le.ProgrammeMoved)] == [
        ("clean-zone", "kg-2")
    ]
    [refused] = story.events(le.ProgrammeAdmissionRefused)
    assert refused.reason_code == "transferred"
    assert _stand(story, "clean-zone") == "admitted"


@pytest.mark.parametrize("consented", [True, False])
def test_a_release_completes_what_lasts_until_then_and_ends_the_rest(
    story: Story, consented: bool
) -> None:
    story.opened()
    if consented:
        story.consented()
    story.must(ENROLLED, *PRISON)
    story.must(facts.ProgrammeEnrolled(programme_code="clean-zone"), *PRISON)
    story.released()

    assert (_stand(story), _stand(story, "clean-zone")) == ("left", "completed")
    [left] = story.events(le.ProgrammeLeft)
    assert left.reason_code == "released"


def test_refusing_to_share_ends_no_programme(story: Story) -> None:
    story.enrolled()
    story.must(ic.OfferConsent.model_validate(_OFFER), "kg-31", "prison-psych")
    story.must(ic.RecordRefusal(), "kg-31", "prison-psych")

    assert _stand(story, "clean-zone") == "admitted"


def test_a_coordinator_of_the_protocol_runs_no_programme(story: Story) -> None:
    story.opened()
    for data in (ENROLLED, PHASE, _ended("left"), lc.ApplyForProgramme(programme_code="atlantis")):
        assert story.tell(data, *COORD) == Refused("role-may-not")


_OFFER = {
    "language": "ky-Cyrl",
    "form_version": "f1",
    "explained_orally": True,
    "witness_role": "ngo",
}
