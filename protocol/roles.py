"""Who may take which step: roles by command and fact.

Whether a party has to do with the case at all is the door's knowledge; whether a referral is
the party's own is checked with the referral.
"""

from throughcare.contracts import care_commands as care
from throughcare.contracts import consent_commands as consent
from throughcare.contracts import facts, life_commands, life_facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import medicine_commands as med
from throughcare.contracts import release_commands as release
from throughcare.contracts import rights_commands as rights
from throughcare.contracts.codes import RECEIVER_TYPES, ROLES, Role
from throughcare.contracts.kinds import Data

_PRISON: frozenset[Role] = frozenset({"prison-admin", "prison-health"})
_ASKERS: frozenset[Role] = frozenset({"prison-psych", "prison-health", "ngo"})
_SENDERS: frozenset[Role] = frozenset(
    {"prison-psych", "prison-health", "protocol-coordinator", "ngo"}
)
_RECEIVERS: frozenset[Role] = frozenset(RECEIVER_TYPES)
_OUTSIDE: frozenset[Role] = _RECEIVERS | {"protocol-coordinator"}
#: A dose, a kit and what was confided are for whoever gives care.
_CARERS: frozenset[Role] = _RECEIVERS - {"probation", "mahalla", "programme-coordinator"}
_KIT: frozenset[Role] = _CARERS | {"prison-health"}
_CONFIDED: frozenset[Role] = _CARERS | {"client", "protocol-coordinator"}

#: About those who hold the keys of the place it is not said through them.
_KEYS: frozenset[Role] = frozenset({"prison-admin"})
_HEARS: frozenset[Role] = frozenset(ROLES) - {"commenter", "monitor", "system"}

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
    intake.WithdrawConsent: frozenset(ROLES) - {"commenter"},
    intake.AssessNeeds: _ASKERS,
    # after a release nobody in the facility is left who may
    intake.AgreePlan: _ASKERS | {"protocol-coordinator"},
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
    release.AcknowledgeEscalation: frozenset(ROLES) - {"system", "client", "monitor", "commenter"},
    release.WaiveDeadline: frozenset({"protocol-coordinator"}),
    release.RunDeadlines: frozenset({"system"}),
    # medicine, kit, safety: which line a receiver carries on is checked with the referral
    med.OpenContinuityItem: frozenset({"prison-health"}),
    med.RequestContinuation: frozenset({"prison-health"}),
    med.DeclineContinuation: _KIT,
    med.ReportContinuationUnavailable: frozenset({"prison-health", "protocol-coordinator"}),
    med.ConfirmReceivingSite: _CARERS,
    med.SupplyBridging: frozenset({"prison-health"}),
    med.RecordCommunityDose: _CARERS,
    med.ReportDoseGap: _CARERS,
    med.CloseDoseGap: _CARERS | {"protocol-coordinator"},
    med.OfferNaloxone: _KIT,
    med.RecordOverdoseTraining: _KIT,
    med.IssueNaloxone: _KIT,
    med.DeclineNaloxone: _KIT,
    med.ReportNaloxoneUnavailable: _KIT,
    med.ReportNaloxoneUse: _CONFIDED,
    med.ReportRelapse: _CARERS,
    med.ReportOverdose: _CONFIDED,
    # the life of a case
    life_facts.ReleaseDateConfirmed: _PRISON,
    life_facts.ReleaseReversed: _PRISON | {"protocol-coordinator"},
    life_facts.AbsenceBegun: _PRISON,
    life_facts.AbsenceEnded: _PRISON,
    life_facts.ProgrammePhaseStarted: _PRISON | {"programme-coordinator"},
    life_facts.ProgrammeEnded: _PRISON | {"programme-coordinator"},
    life_commands.ApplyForProgramme: frozenset(
        {"programme-coordinator", "prison-psych", "prison-health"}
    ),
    life_commands.RefuseProgrammeAdmission: frozenset({"programme-coordinator"}),
    life_commands.ReopenCase: _ASKERS | _OUTSIDE,
    # whoever may open or lead one, and who answers for data; not the administration
    life_commands.VoidCase: _ASKERS | {"programme-coordinator", "protocol-coordinator", "dpo"},
    life_commands.MoveOutOfScope: _ASKERS | _OUTSIDE | {"prison-admin"},
    # consent that changes: less of it by whomever hears it, more of it as at the first time
    consent.NarrowConsent: frozenset(ROLES) - {"commenter"},
    consent.WidenConsent: _ASKERS,
    consent.RenewConsent: _ASKERS,
    # ends and turns of a referral
    care.EndService: _RECEIVERS,
    care.ConfirmCancellation: _RECEIVERS,
    care.WaitForPlace: _SENDERS,
    care.SuspendReceiver: frozenset({"protocol-coordinator"}),
    care.ConfirmRecipientTold: frozenset({"protocol-coordinator", "dpo", "system"}),
    care.AcknowledgeWithdrawal: _RECEIVERS,
    # the person's rights: whoever hears it passes it on
    release.ConfirmCodeArrived: _RECEIVERS,
    # it cannot be undone: who may take down a consent, or answers for data, or the person by their code
    rights.ForgetCase: _ASKERS | {"dpo", "client"},
    rights.AskToSeeData: _HEARS,
    rights.ConfirmDataShown: _ASKERS | {"protocol-coordinator", "dpo"},
    rights.CorrectEvent: _HEARS - {"client"},
    rights.GiveFeedback: _HEARS - _KEYS,
    rights.FileComplaint: _HEARS - _KEYS,
    rights.ReportLegalRequest: _HEARS - {"client"},
    rights.DecideLegalRequest: frozenset({"dpo", "protocol-coordinator", "ngo"}),
    # the gate, for whoever looked
    rights.ReportEmergencyAccess: frozenset({"system"}),
    rights.ReviewEmergencyAccess: frozenset({"dpo"}),
}

#: In these roles only who accepted a referral of the case, then or before, may say what became of the
#: person: who was merely asked does not end the case, nor begins the time outside.
BY_ACCEPTANCE: dict[type[Data], frozenset[Role]] = {
    release.RecordRelease: _RECEIVERS,
    release.ReportDeath: _RECEIVERS,
    release.ReportReincarceration: _RECEIVERS,
}

#: What the person says by their own code, and not through a desk that has no other roles than these.
NOT_THROUGH: dict[type[Data], frozenset[Role]] = {
    rights.GiveFeedback: _KEYS,
    rights.FileComplaint: _KEYS,
}
