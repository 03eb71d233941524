"""How often things happen in the cohort: from published sources where there are any, else made up.

Most published figures describe care *without* a protocol like this one. They make the cohort
plausible, not true: nothing that the demo prints says anything about a real person or place.
"""

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)  # two rates of the same value are two rates
class Rate:
    value: float
    source: str


MADE_UP = "made up"

_KYRGYZ_OAT = (
    "Kyrgyzstan 2008-2018, 645 people who began methadone in prison (Bachireddy et al. 2022)"
)
_ENGLAND = "England, treatment within 3 weeks of release: 30 % (2015-16) to 53 % (2023-24), OHID"
_DEATHS = "drug-related death after release, meta-analysis (Merrall et al. 2010)"

# -- published -----------------------------------------------------------------------------------

#: Takes part in community treatment by day 21, where the plan holds treatment: first and last
#: case of the cohort, a straight line between them.
ENGAGED_BY_DAY_21_FIRST = Rate(0.30, _ENGLAND)
ENGAGED_BY_DAY_21_LAST = Rate(0.53, _ENGLAND)
#: Of those who come to treatment at all, by day 7.
LINKED_WITHIN_7_DAYS = Rate(0.619, _KYRGYZ_OAT)
#: Began methadone in prison and is off it again at release.
OAT_OFF_AT_RELEASE = Rate(0.552, _KYRGYZ_OAT)
#: On it at release and comes to a community site: 19.8 % of all who began, of the 44.8 % left.
OAT_LINKED = Rate(0.198 / (1 - 0.552), _KYRGYZ_OAT)
#: How much likelier a death is in weeks 1-2 than in weeks 3-12 (3- to 8-fold), and in weeks 3-4
#: than in weeks 5-12.
DEATH_WEEKS_1_2 = Rate(5.5, _DEATHS)
DEATH_WEEKS_3_4 = Rate(1.7, _DEATHS)

# -- made up -------------------------------------------------------------------------------------

#: How a case comes in: by enrolment in a programme; else the staff open it.
BY_PROGRAMME = Rate(0.55, MADE_UP)
WOMAN = Rate(0.15, MADE_UP)
#: What notice there is of the release: amnesty or pardon (0-1 days), short (4-25 days), else weeks.
BY_AMNESTY = Rate(0.18, MADE_UP)
SHORT_NOTICE = Rate(0.17, MADE_UP)
#: Of the amnestied: nobody had opened a case before the list came.
AMNESTY_UNKNOWN = Rate(0.35, MADE_UP)
RESCHEDULED = Rate(0.22, MADE_UP)
TRANSFERRED = Rate(0.08, MADE_UP)
#: The prison says nothing when the person leaves.
RELEASE_NOT_REPORTED = Rate(0.08, MADE_UP)
#: A release that was reported in error, or that ended at the gate.
RELEASE_REVERSED = Rate(0.05, MADE_UP)
DIED_IN_CUSTODY = Rate(0.008, MADE_UP)

NEVER_ASKED = Rate(0.05, MADE_UP)
REFUSED = Rate(0.11, MADE_UP)
PARTIAL_CONSENT = Rate(0.12, MADE_UP)
WITHDRAWN = Rate(0.06, MADE_UP)
#: Takes back one receiver, or one kind of data, and leaves the rest.
NARROWED = Rate(0.06, MADE_UP)
#: Signs for less than the follow-up takes; and of those, signs again when it is about to end.
SHORT_CONSENT = Rate(0.10, MADE_UP)
RENEWED = Rate(0.55, MADE_UP)
#: Asked outside about a consent given long before the release, and signs it again.
ASKED_AGAIN = Rate(0.85, MADE_UP)
#: After a no, a stop, an end of consent or a loss: wants the case to go on.
REOPENED = Rate(0.30, MADE_UP)

OPIOIDS = Rate(0.60, MADE_UP)
BEGAN_OAT_IN_PRISON = Rate(0.55, MADE_UP)
HIV = Rate(0.12, MADE_UP)
NEEDS_DOCUMENTS = Rate(0.45, MADE_UP)
#: Where a committee of neighbours may help: the person asks for it, unprompted.
ASKS_THE_COMMITTEE = Rate(0.30, MADE_UP)
ASKS_FOR_ALLOWANCE = Rate(0.45, MADE_UP)
#: Of those without methadone at release: wants a place in treatment.
WANTS_TREATMENT = Rate(0.60, MADE_UP)

DECLINES_MEDICINE = Rate(0.08, MADE_UP)
DECLINES_KIT = Rate(0.10, MADE_UP)
#: The emergency kit is out of stock.
KIT_OUT_OF_STOCK = Rate(0.06, MADE_UP)

SILENT = Rate(0.09, MADE_UP)
#: Every place is taken; and of those with a place, says no for another reason.
NO_PLACE = Rate(0.07, MADE_UP)
DECLINED = Rate(0.075, MADE_UP)
SAYS_RECEIVED = Rate(0.85, MADE_UP)
ACCEPTANCE_WITHDRAWN = Rate(0.03, MADE_UP)
CONFIRMS_READINESS = Rate(0.85, MADE_UP)
CONFIRMS_RELEASE = Rate(0.92, MADE_UP)
REROUTED_BY_COORDINATOR = Rate(0.60, MADE_UP)

#: Meets the one who supports them, whatever becomes of treatment; and how soon.
MEETS_SUPPORT = Rate(0.85, MADE_UP)
MET_WITHIN_2_DAYS = Rate(0.68, MADE_UP)
OUTREACH_MEETS = Rate(0.25, MADE_UP)
OUTREACH_REACHES = Rate(0.45, MADE_UP)
SUPPORT_ENGAGED = Rate(0.75, MADE_UP)
CHECK_DONE = Rate(0.94, MADE_UP)
CHECK_CAUGHT_UP = Rate(0.55, MADE_UP)
DRIFTS_AWAY = Rate(0.15, MADE_UP)
COMES_BACK = Rate(0.35, MADE_UP)
REINCARCERATED = Rate(0.09, MADE_UP)
DIED_OUTSIDE = Rate(0.015, MADE_UP)
ALARM_ACKNOWLEDGED = Rate(0.92, MADE_UP)
