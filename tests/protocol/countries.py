"""What people of a country may say about a case: its receivers, permissions and plans."""

from functools import cache
from typing import NamedTuple

from throughcare.contracts import consent_commands as sc
from throughcare.contracts import intake_commands as ic
from throughcare.contracts.codes import (
    ConsentItem,
    PlanItem,
    Purpose,
    Receiver,
    ReceiverType,
    Removal,
    ServiceType,
)
from throughcare.protocol.profiles import CURRENT, PROFILES
from throughcare.protocol.profiles.model import Profile
from throughcare.tests.protocol.story import consent, day_after

COUNTRIES = tuple(sorted(CURRENT))
_PURPOSES: tuple[Purpose, ...] = ("handover", "social", "dose")
#: Of each country the first that it has: support, treatment, help, and a medicine or two.
_WANTED: tuple[tuple[ServiceType, ...], ...] = (
    ("psychosocial-support",),
    ("rehabilitation-residential", "case-management"),
    ("documents",),
    ("oat", "housing"),
    ("art",),
)


class Country(NamedTuple):
    profile: Profile
    #: Code of each party and what it is.
    parties: dict[str, ReceiverType]
    plans: tuple[ic.AgreePlan, ...]
    offer: ic.OfferConsent
    consents: tuple[ic.RecordConsent, ...]
    narrower: tuple[sc.NarrowConsent, ...]
    wider: tuple[sc.WidenConsent, ...]
    longer: tuple[sc.RenewConsent, ...]


@cache
def country(code: str) -> Country:
    profile = PROFILES[CURRENT[code]]
    parties: dict[str, ReceiverType] = {}
    for kind in sorted(profile.receivers):
        parties |= {f"{kind}-one": kind, f"{kind}-two": kind}
    items = tuple(_items(profile))
    #: Whom a permission has to name is named.
    given = tuple(_item(profile, kind) for kind in profile.receivers)
    first = given[0].model_copy(update={"party": f"{given[0].receiver_type}-one"})
    language = min(profile.languages)
    kinds = [one.receiver_type for one in given]
    return Country(
        profile=profile,
        parties=parties,
        plans=tuple(
            ic.AgreePlan(items=some, client_signed=True, unpaired_reason="person-declined")
            for some in (items, items, items[:1], items[1:], items[:3])
        ),
        offer=ic.OfferConsent(
            language=language, form_version="f1", explained_orally=True, witness_role="ngo"
        ),
        consents=tuple(
            consent(*some, legal_effect_explained=True)
            for some in (given, given, given, given[:1], (first, *given[1:]), ())
        ),
        narrower=(
            sc.NarrowConsent(
                removed=(Removal(receiver_type=kinds[0], party=f"{kinds[0]}-two"),),
                received_how="phone",
            ),
            sc.NarrowConsent(
                removed=(Removal(receiver_type=kinds[-1], data_classes=("P1",)),),
                received_how="phone",
            ),
        ),
        wider=tuple(
            sc.WidenConsent(
                added=(one,),
                language=language,
                form_version="f1",
                witness_role="ngo",
                signed_how="ink",
                legal_effect_explained=True,
            )
            for one in given[:2]
        ),
        longer=(sc.RenewConsent(expires_on=day_after(360), witness_role="ngo", signed_how="ink"),),
    )


def _item(profile: Profile, kind: ReceiverType) -> ConsentItem:
    rule = profile.receivers[kind]
    return ConsentItem(
        receiver_type=kind,
        party=f"{kind}-one" if rule.named_only else None,
        data_classes=tuple(sorted(rule.classes)),
        purposes=_PURPOSES,
        asked_by_person=rule.at_wish or None,
    )


def _items(profile: Profile) -> list[PlanItem]:
    found = []
    for number, services in enumerate(_WANTED, start=1):
        service = next((one for one in services if one in profile.services), None)
        if service is None:
            continue
        kinds = sorted(profile.services[service].receivers, key=lambda kind: kind != "ngo")
        receivers = [Receiver(party=f"{kinds[0]}-one", receiver_type=kinds[0])]
        receivers.append(Receiver(party=f"{kinds[-1]}-two", receiver_type=kinds[-1]))
        found.append(
            PlanItem(
                item=number,
                service_type=service,
                mandatory=number == 1,
                receivers=tuple(receivers),
            )
        )
    return found
