"""What a plan should hold: proposed from the needs, and a medicine never alone."""

from collections.abc import Iterable

from throughcare.contracts.codes import NeedFlag, Pathway, PlanItem, ServiceType
from throughcare.contracts.intake_commands import AgreePlan
from throughcare.protocol.decision import Refused
from throughcare.protocol.profiles.model import Profile

_SUPPORT: ServiceType = "psychosocial-support"
_FOR_A_MEDICINE: frozenset[Pathway] = frozenset({"oat", "both"})


def propose(flags: Iterable[NeedFlag], profile: Profile) -> tuple[PlanItem, ...]:
    """Items for these needs, as far as the country has the services: support always, and first.

    A beginning for the talk with the person, who adds, strikes out and names receivers.
    """
    wanted: list[ServiceType] = [_SUPPORT]
    for flag in flags:
        wanted.extend(profile.care.proposals.get(flag, ()))
    services = [one for one in dict.fromkeys(wanted) if one in profile.services]
    return tuple(
        PlanItem(
            item=number,
            service_type=service,
            mandatory=service == _SUPPORT or profile.services[service].treatment,
            pathway="oat" if service in profile.care.paired else "none",
        )
        for number, service in enumerate(services, start=1)
    )


def missing(command: AgreePlan, profile: Profile) -> Refused | None:
    """A medicine comes with a support item of its own that somebody is to be asked for.

    Each item's service is known to exist. Abstinence and a medicine may stand side by side.
    """
    items = command.items
    for item in items:
        if item.pathway in _FOR_A_MEDICINE and not profile.care.paired & profile.services.keys():
            return Refused("service-not-available")
    needs_pair = any(item.service_type in profile.care.paired for item in items)
    if not needs_pair or command.unpaired_reason is not None:
        return None
    for item in items:
        service = profile.services[item.service_type]
        if item.receivers and service.psychosocial and not service.treatment:
            return None
    return Refused("plan-without-paired-support")
