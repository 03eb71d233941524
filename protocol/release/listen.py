"""What release remembers of what intake said: consent, needs and plan."""

from datetime import datetime

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events
from throughcare.contracts.codes import PlanItem
from throughcare.contracts.consent_events import (
    ConsentExpired,
    ConsentNarrowed,
    ConsentRenewed,
    ConsentWidened,
)
from throughcare.contracts.envelope import Message
from throughcare.protocol.record import replace
from throughcare.protocol.release.state import (
    Candidate,
    Consent,
    Granted,
    Heard,
    Item,
    NotAsked,
    Opening,
    Permission,
    Stopped,
    Unheard,
)


def listen(heard: Heard, event: Message) -> Heard:
    data = event.data
    if isinstance(heard, Unheard):
        if not isinstance(data, intake.CaseOpened):
            return heard
        return Opening(
            protocol_version=event.protocol_version,
            origin=data.origin,
            facility=data.facility,
            opened_at=event.recorded_at,
            consent=NotAsked(),
            plan=(),
        )
    match data:
        case intake.ConsentOffered():
            return replace(heard, offered=True)
        case life_events.CaseReopened():
            return replace(
                heard,
                consent=NotAsked(),
                plan=(),
                needs=(),
                offered=False,
                consented_at=None,
                assessed_at=None,
                planned_at=None,
            )
        case intake.ConsentGranted():
            permissions = tuple(
                Permission(item.receiver_type, item.party, item.data_classes, item.purposes)
                for item in data.items
            )
            granted = Granted(
                data.consent_id,
                data.expires_on,
                permissions,
                data.feedback_to_facility,
                data.hand_over_by or "identity",
                signed_at=event.occurred_at,
            )
            return replace(heard, consent=granted, consented_at=event.recorded_at)
        case ConsentNarrowed() | ConsentWidened() | ConsentRenewed():
            return replace(heard, consent=_granted(data, heard.consent, event.occurred_at))
        case intake.ConsentRefused() | intake.ConsentWithdrawn() | ConsentExpired():
            return replace(heard, consent=Stopped())
        case intake.NeedsAssessed():
            return replace(heard, needs=data.flags, assessed_at=event.recorded_at)
        case intake.PlanAgreed() | intake.PlanRevised():
            plan = tuple(_item(item) for item in data.items)
            return replace(heard, plan=plan, planned_at=event.recorded_at)
        case _:
            return heard


def _item(item: PlanItem) -> Item:
    return Item(
        item=item.item,
        service_type=item.service_type,
        mandatory=item.mandatory,
        receivers=tuple(Candidate(one.party, one.receiver_type) for one in item.receivers),
    )


def _granted(
    event: ConsentNarrowed | ConsentWidened | ConsentRenewed,
    before: Consent,
    at: datetime,
) -> Granted:
    permissions = tuple(
        Permission(item.receiver_type, item.party, item.data_classes, item.purposes)
        for item in event.items
    )
    given = before if isinstance(before, Granted) else None
    if isinstance(event, ConsentNarrowed):
        signed_at, narrowed_at = None if given is None else given.signed_at, at
    else:
        signed_at, narrowed_at = at, None
    return Granted(
        event.consent_id,
        event.expires_on,
        permissions,
        given is not None and given.feedback_to_facility,
        "identity" if given is None else given.hand_over_by,
        signed_at,
        narrowed_at,
    )
