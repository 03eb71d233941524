"""Who sees what of a case's timeline: pure, and the same for pages and API.

One's own acts, one's own referrals and what is addressed to one: in full. Of the rest only that it
happened, as far as the person's consent and the reader's part in the case go. Monitors read every
step, in relative days, without places, parties, dates and services.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.contracts import care_events as care
from throughcare.contracts import consent_events as consent
from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_events as med
from throughcare.contracts import notification_events as notices
from throughcare.contracts import release_events as release
from throughcare.contracts import rights_events as rights
from throughcare.contracts.envelope import rfc3339
from throughcare.contracts.kinds import Data, Event
from throughcare.contracts.medicine_commands import (
    ReportNaloxoneUse,
    ReportOverdose,
    ReportRelapse,
)
from throughcare.contracts.rights_commands import FileComplaint, GiveFeedback

#: Said without the person's consent (†): seen by whoever said it, and by monitors.
WITHOUT_CONSENT: tuple[type[Event], ...] = (
    intake.CaseOpened,
    intake.ProgrammeEnrolled,
    intake.ConsentOffered,
    intake.ConsentRefused,
    release.ReleaseScheduled,
    release.ReleaseRescheduled,
    release.PersonTransferred,
    release.PersonReleasedBeforeConsent,
    release.PersonDied,
    release.CaseClosed,
    release.DeadlinesChanged,
    release.DeadlineMissed,
    release.EscalationRaised,
    release.EscalationCleared,
    *life.LIFE_INTAKE_EVENTS,
    *(
        one
        for one in life.LIFE_RELEASE_EVENTS
        if one not in (life.AcceptanceLapsed, life.ReversalReported)
    ),
    care.PermissionRecalled,
    care.RecipientTold,
    care.WithdrawalAcknowledged,
    care.DeadlineReminded,
    *rights.RIGHTS_EVENTS,
)
_DAGGER = frozenset(model.type for model in WITHOUT_CONSENT)
#: Between the person and whoever took it down: nobody else learns that it was said.
CONFIDED: tuple[type[Data], ...] = (
    med.RelapseReported,
    med.OverdoseReported,
    med.NaloxoneUsed,
    ReportRelapse,
    ReportOverdose,
    ReportNaloxoneUse,
    rights.ClientFeedbackGiven,
    rights.ComplaintFiled,
    GiveFeedback,
    FileComplaint,
)
_CONFIDED = frozenset(model.type for model in CONFIDED)
_NOTICES = frozenset(model.type for model in notices.NOTIFICATION_EVENTS)
_DEADLINES = frozenset(
    model.type
    for model in (release.DeadlinesChanged, release.DeadlineMissed, release.DeadlineWaived)
)
#: That it happened is told to everybody who has to do with the case.
_ALL_LEARN = frozenset({release.CaseClosed.type})
_RECEIVERS_LEARN = _ALL_LEARN | {
    release.PersonReleased.type,
    life.ReleaseReversed.type,
    intake.ConsentWithdrawn.type,
}
_ADMINISTRATION_LEARNS = _ALL_LEARN | {
    release.ReadinessConfirmed.type,
    release.ReadinessLost.type,
    release.PersonReleased.type,
}
_LEADING = frozenset(
    model.type
    for model in (
        intake.ConsentOffered,
        intake.ConsentGranted,
        intake.NeedsAssessed,
        intake.PlanAgreed,
        intake.PlanRevised,
        consent.ConsentNarrowed,
        consent.ConsentWidened,
        consent.ConsentRenewed,
    )
)
#: What monitors are not shown of the data: who, where, when, which service.
_NEUTRAL_KEYS = frozenset(
    {
        "change", "ground_code", "reason_code", "refusal_code", "code", "step", "level", "stage",
        "to_role", "by_role", "checkpoint_day", "contact_kind", "still_engaged", "means", "result",
        "hours_since_release", "days_since_release", "unplanned", "accompanied", "engaged",
        "attempts", "urgency", "mandatory", "signed_how", "received_how", "witness_role",
        "interpreter", "template_code", "channel", "origin", "region", "plan_version",
    }
)  # fmt: skip


class Entry(NamedTuple):
    """A row of `timeline.entries_of`."""

    ordinal: int
    occurred_at: datetime
    recorded_at: datetime
    kind: str
    type: str
    half: str
    version: int | None
    data: dict[str, Any]
    causation: UUID | None


class Reader(NamedTuple):
    party: str
    roles: frozenset[str]
    #: Ids of the commands that this party sent about the case.
    sent: Collection[UUID]


def shown(entries: Sequence[Entry], reader: Reader) -> list[dict[str, Any]]:
    """The timeline as this reader may see it."""
    if "monitor" in reader.roles:
        audited = (entry for entry in entries if entry.type not in _CONFIDED)
        return [_audited(entry, entries[0].occurred_at) for entry in audited]
    view = _View(entries, reader)
    return [made for entry in entries if (made := view.of(entry)) is not None]


def _audited(entry: Entry, begin: datetime) -> dict[str, Any]:
    return {
        "ordinal": entry.ordinal,
        "day": (entry.occurred_at - begin).days,
        "kind": entry.kind,
        "type": entry.type,
        "half": entry.half,
        "version": entry.version,
        "data": {name: value for name, value in entry.data.items() if name in _NEUTRAL_KEYS},
    }


def _leads(entry: Entry) -> bool:
    """Whoever did this leads the case; a fact that opened it, or a "stop" passed on, does not say so."""
    if entry.type == intake.CaseOpened.type:
        return entry.data.get("reason_code") is not None
    return entry.kind == "event" and entry.type in _LEADING


class _View:
    def __init__(self, entries: Sequence[Entry], reader: Reader) -> None:
        self._reader = reader
        own = [entry for entry in entries if self._is_own(entry)]
        self._carer = not reader.roles.isdisjoint(
            {"prison-health", "prison-psych", "protocol-coordinator"}
        ) or any(_leads(entry) for entry in own)
        self._referrals = self._mine(entries)
        self._alarms = {
            entry.data.get("escalation_id")
            for entry in entries
            if entry.type == release.EscalationRaised.type and self._is_addressed(entry)
        }
        if self._carer:
            self._learns: frozenset[str] | None = None
        elif "prison-admin" in reader.roles:
            self._learns = _ADMINISTRATION_LEARNS
        else:
            self._learns = _RECEIVERS_LEARN

    def of(self, entry: Entry) -> dict[str, Any] | None:
        """The entry as the reader sees it; None: not at all."""
        full = self._in_full(entry)
        if not full and not self._may_learn(entry):
            return None
        made: dict[str, Any] = {
            "ordinal": entry.ordinal,
            "occurred_at": rfc3339(entry.occurred_at),
            "recorded_at": rfc3339(entry.recorded_at),
            "kind": entry.kind,
            "type": entry.type,
            "half": entry.half,
            "version": entry.version,
        }
        return {**made, "data": entry.data} if full else made

    def _is_own(self, entry: Entry) -> bool:
        return entry.causation is not None and entry.causation in self._reader.sent

    def _is_addressed(self, entry: Entry) -> bool:
        party = entry.data.get("to_party")
        if party is not None:
            return bool(party == self._reader.party)
        return entry.data.get("to_role") in self._reader.roles

    def _mine(self, entries: Iterable[Entry]) -> set[str]:
        """Referrals of the reader: received; or sent, with those that followed from them."""
        mine: set[str] = set()
        for entry in entries:
            if entry.type != release.ReferralSent.type or entry.kind != "event":
                continue
            # A receiver's refusal makes the next referral: that one is another's.
            sent = self._carer and (
                self._is_own(entry) or entry.data.get("after_referral_id") in mine
            )
            if sent or entry.data.get("receiver") == self._reader.party:
                mine.add(entry.data["referral_id"])
        return mine

    def _in_full(self, entry: Entry) -> bool:
        own = self._is_own(entry)
        if own and entry.kind != "event":
            return True
        if entry.kind != "event" or entry.type in _CONFIDED:
            return own
        if entry.type in _NOTICES:
            return entry.data.get("to_party") == self._reader.party
        if "escalation_id" in entry.data:
            return entry.data["escalation_id"] in self._alarms
        if entry.type in _DEADLINES:
            return (own and self._carer) or "protocol-coordinator" in self._reader.roles
        if (referral := entry.data.get("referral_id")) is not None:
            return referral in self._referrals
        return own

    def _may_learn(self, entry: Entry) -> bool:
        if entry.kind != "event" or entry.type in _NOTICES or entry.type in _CONFIDED:
            return False
        if self._learns is not None:
            return entry.type in self._learns
        return entry.type in _ALL_LEARN or entry.type not in _DAGGER
