"""The same for medicine lines, the kit and programmes: everything tried in each of their states."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_facts as lf
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts.codes import MedicineLine
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.life import ProgrammeRule
from throughcare.tests.protocol.grid import FREED, Act, later, several, told
from throughcare.tests.protocol.medicine_story import ART, HEALTH, HIV, SITE, confirm
from throughcare.tests.protocol.story import (
    DOSE,
    NGO,
    OAT,
    OFFER,
    PERMISSIONS,
    PLAN,
    PRISON,
    VERSION,
    Story,
    consent,
)

_OAT: MedicineLine = "oat"


def _health(*data: Any) -> Act:
    return several(*(told(one, *HEALTH) for one in data))


# -- a medicine line -------------------------------------------------------------------------------


def _inside(story: Story) -> None:
    """Two receivers took the person on: one for OAT, one for support."""
    story.opened().scheduled(60).consented(*PERMISSIONS, DOSE, HIV).planned(*PLAN, OAT, ART)
    story.accepted(1)
    story.accepted(4, *SITE)


def _site(story: Story) -> Any:
    return next(one.id for one in story.release.own.referrals if one.receiver == SITE[0])


def _confirmed(story: Story) -> None:
    story.tell(confirm(_site(story), (story.now + timedelta(days=2)).date()), *SITE)


def _packed(story: Story) -> None:
    packed = mc.SupplyBridging(line=_OAT, last_supervised_on=story.now.date(), supply_days=0)
    story.tell(packed, *HEALTH)


def _dose(story: Story) -> None:
    story.tell(mc.RecordCommunityDose(referral_id=_site(story), supply_days=0), *SITE)


def _gap(story: Story) -> None:
    story.tell(mc.ReportDoseGap(referral_id=_site(story), from_on=story.now.date()), *SITE)


def _put_off(story: Story) -> None:
    on = (story.now + timedelta(days=190)).date()
    story.tell(facts.ReleaseRescheduled(expected_release_on=on), *PRISON)


_OPEN = mc.OpenContinuityItem(line=_OAT)
_WANT = mc.RequestContinuation(line=_OAT, leaflet_version="l1")
_NOT = mc.DeclineContinuation(line=_OAT)
_NONE = mc.ReportContinuationUnavailable(line=_OAT, reason_code="site-full")
_OUT = several(told(FREED, *PRISON), later(days=1, hours=1))
#: Ways to each state of a line, in custody and outside.
_LINES: tuple[tuple[Act, ...], ...] = (
    (_inside,),
    (_inside, _health(_OPEN)),
    (_inside, _health(_OPEN, _WANT)),
    (_inside, _health(_OPEN, _WANT), _confirmed),
    (_inside, _health(_OPEN, _WANT), _packed),
    (_inside, _health(_OPEN, _NOT)),
    (_inside, _health(_OPEN, _NONE)),
    (_inside, _health(_OPEN, _WANT), _OUT, _dose, later(days=1)),
    (_inside, _health(_OPEN, _WANT), _OUT, _gap),
)
_WITH_A_LINE: tuple[Act, ...] = (
    *(_health(one) for one in (_OPEN, _WANT, _NOT, _NONE)),
    *(_confirmed, _packed, _dose, _gap, _put_off),
    told(mc.CloseDoseGap(line=_OAT), "coord", "protocol-coordinator"),
    told(lf.ReleaseReversed(), "coord", "protocol-coordinator"),
)


def lines() -> Iterator[Story]:
    for way in _LINES:
        for out in ((), (_OUT,)):
            for act in _WITH_A_LINE:
                yield _told(*way, *out, act)


def _told(*acts: Act) -> Story:
    story = Story()
    for act in acts:
        act(story)
    return story


# -- the kit ---------------------------------------------------------------------------------------

_OFFERED, _TRAINED = mc.OfferNaloxone(), mc.RecordOverdoseTraining()
_ISSUED, _DECLINED = mc.IssueNaloxone(kits=1, at="before"), mc.DeclineNaloxone()
_MISSING = mc.ReportNaloxoneUnavailable(reason_code="stock-out")


def _used(story: Story) -> None:
    story.tell(mc.ReportNaloxoneUse(used_on=story.now.date()), "person", "client")


def _survived(story: Story) -> None:
    story.tell(mc.ReportOverdose(occurred_on=story.now.date()), "person", "client")


_KITS: tuple[tuple[Act, ...], ...] = (
    (),
    *((_health(_OFFERED, *more),) for more in ((), (_TRAINED,), (_ISSUED,), (_DECLINED,))),
    (_health(_OFFERED, _MISSING),),
    (_used,),
)
_WITH_A_KIT: tuple[Act, ...] = (
    *(_health(one) for one in (_OFFERED, _TRAINED, _ISSUED, _DECLINED, _MISSING)),
    _used,
    _survived,
)


def kits() -> Iterator[Story]:
    for way in _KITS:
        for out in ((), (told(FREED, *PRISON),)):
            for act in _WITH_A_KIT:
                yield _told(_inside, *way, *out, act)
    for act in (_used, _survived):  # where the law allows none
        story = Story(version="uz-2026.1")
        story.opened()
        offer = {"language": "uz-Latn"}
        story.must(OFFER.model_copy(update=offer), "uz-1", "prison-psych")
        story.must(consent(NGO), "uz-1", "prison-psych")
        story.tell(FREED, *PRISON)
        act(story)
        yield story


# -- a programme -----------------------------------------------------------------------------------

_CODE: dict[str, Any] = {"programme_code": "atlantis"}
_HEAD = ("kg-31", "programme-coordinator")


def _enrolled(**more: Any) -> Act:
    return told(facts.ProgrammeEnrolled(**_CODE, **more), *PRISON)


def _ended(how: Any) -> Act:
    return told(lf.ProgrammeEnded(**_CODE, how=how), *PRISON)


_APPLIED = told(lc.ApplyForProgramme(**_CODE), *_HEAD)
_REFUSED = told(lc.RefuseProgrammeAdmission(**_CODE), *_HEAD)
_PHASE = told(lf.ProgrammePhaseStarted(**_CODE, phase_code="group"), *PRISON)
_STANDS: tuple[tuple[Act, ...], ...] = (
    (),
    (_APPLIED,),
    (_APPLIED, _REFUSED),
    (_enrolled(),),
    (_enrolled(phase_code="group"),),
    *((_enrolled(), _ended(how)) for how in ("completed", "left", "removed")),
)
_WITH_A_PROGRAMME: tuple[Act, ...] = (
    _APPLIED,
    _REFUSED,
    _enrolled(),
    _enrolled(phase_code="group"),
    _enrolled(places_taken=99),
    _enrolled(phase_code="group", places_taken=99),
    told(lf.ProgrammePhaseStarted(**_CODE, phase_code="work"), *PRISON),
    *(_ended(how) for how in ("completed", "left", "removed")),
    told(facts.PersonTransferred(to_facility="kg-2"), *PRISON),
    told(facts.PersonTransferred(to_facility="kg-27"), *PRISON),
    told(FREED, *PRISON),
)


def programmes() -> Iterator[Story]:
    """In a country that offers the programme in two places, with room for so many."""
    profile = PROFILES[VERSION]
    rule = ProgrammeRule("active", sites=("kg-2", "kg-31"), places=(40, 40))
    life = profile.life._replace(programmes={"atlantis": rule})
    with pytest.MonkeyPatch.context() as patch:
        known = {VERSION: profile._replace(life=life)}
        patch.setattr("throughcare.protocol.intake.PROFILES", known)
        for way in _STANDS:
            for act in _WITH_A_PROGRAMME:
                yield _told(lambda story: story.opened(), *way, act)
