"""Who may take which step: roles by command and fact.

Whether a party has to do with the case at all is the door's knowledge; whether a referral is
the party's own is checked with the referral.
"""

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import release_commands as release
from throughcare.contracts.codes import RECEIVER_TYPES, ROLES, Role
from throughcare.contracts.kinds import Data

_PRISON: frozenset[Role] = frozenset({"prison-admin", "prison-health"})
_ASKERS: frozenset[Role] = frozenset({"prison-psych", "prison-health", "ngo"})
_SENDERS: frozenset[Role] = frozenset(
    {"prison-psych", "prison-health", "protocol-coordinator", "ngo"}
)
_RECEIVERS: frozenset[Role] = frozenset(RECEIVER_TYPES)
_OUTSIDE: frozenset[Role] = _RECEIVERS | {"protocol-coordinator"}

MAY: dict[type[Data], frozenset[Role]] = {
    # facts: the prison, or its health service as deputy
    facts.ProgrammeEnrolled: _PRISON | {"programme-coordinator"},
    facts.ReleaseScheduled: _PRISON,
    facts.ReleaseRescheduled: _PRISON,
    facts.PersonReleased: _PRISON,
    facts.PersonTransferred: _PRISON,
    facts.PersonDied: _PRISON,
    # intake: opening is not the administration's alone
    intake.OpenCase: frozenset({"prison-health", "prison-psych", "programme-coordinator", "ngo"}),
    intake.OfferConsent: _ASKERS,
    intake.RecordConsent: _ASKERS,
    intake.RecordRefusal: _ASKERS,
    # whoever hears "stop" passes it on
    intake.WithdrawConsent: frozenset(ROLES),
    intake.AssessNeeds: _ASKERS,
    intake.AgreePlan: _ASKERS,
    # release
    release.SendReferral: _SENDERS,
    release.CancelReferral: _SENDERS,
    release.AcknowledgeReferral: _RECEIVERS,
    release.AcceptReferral: _RECEIVERS,
    release.DeclineReferral: _RECEIVERS,
    release.WithdrawAcceptance: _RECEIVERS,
    release.BookAppointment: _RECEIVERS,
    release.ReportMissedAppointment: _RECEIVERS,
    release.RecordOutreach: _RECEIVERS,
    release.RecordAttendance: _RECEIVERS,
    release.EngageService: _RECEIVERS,
    release.ConfirmReadiness: frozenset({"prison-health"}),
    release.RecordRelease: _OUTSIDE | _PRISON,
    release.AcknowledgeRelease: _RECEIVERS,
    release.CheckFollowUp: _RECEIVERS,
    release.DeclareContactLost: _RECEIVERS,
    release.CompleteFollowUp: _RECEIVERS,
    release.ReportDeath: _OUTSIDE,
    release.ReportReincarceration: _OUTSIDE | _PRISON,
    # whom the alarm addresses is checked with the alarm
    release.AcknowledgeEscalation: frozenset(ROLES) - {"system", "client", "monitor"},
    release.WaiveDeadline: frozenset({"protocol-coordinator"}),
    release.RunDeadlines: frozenset({"system"}),
}
