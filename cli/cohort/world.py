"""Who acts: one prison service for three made-up colonies, receivers, a coordinator, a monitor."""

from typing import NamedTuple

from throughcare.contracts.codes import Receiver, ReceiverType, Role, ServiceType


class Party(NamedTuple):
    code: str
    roles: tuple[Role, ...]
    language: str
    facilities: tuple[str, ...] = ()


MEN, MEN_FAR, WOMEN = "colony-a", "colony-b", "colony-w"
COLONIES = (MEN, MEN_FAR, WOMEN)
#: Where there is a clean zone: one for men, one for women, as in Kyrgyzstan.
CLEAN_ZONES = (MEN, WOMEN)

PRISON = Party(
    "prison-service",
    ("prison-admin", "prison-health", "prison-psych", "programme-coordinator"),
    "ru",
    COLONIES,
)
COORDINATOR = Party("coordination-desk", ("protocol-coordinator",), "ru")
MONITOR = Party("monitoring-centre", ("monitor",), "ru")

NGO_NORTH = Party("ngo-north", ("ngo",), "ru")
NGO_SOUTH = Party("ngo-south", ("ngo",), "ky")
NGO_WOMEN = Party("ngo-women", ("ngo",), "ky")
REHAB = Party("rehab-house", ("rehab-centre",), "ru")
NARCOLOGY = Party("narcology-clinic", ("narcology",), "ru")
OAT_CITY = Party("oat-city", ("oat-site",), "ru")
OAT_VALLEY = Party("oat-valley", ("oat-site",), "ky")
AIDS_CENTRE = Party("aids-centre-one", ("aids-centre",), "ru")
PROBATION = Party("probation-office", ("probation",), "ru")

RECEIVERS = (
    NGO_NORTH,
    NGO_SOUTH,
    NGO_WOMEN,
    REHAB,
    NARCOLOGY,
    OAT_CITY,
    OAT_VALLEY,
    AIDS_CENTRE,
    PROBATION,
)
PARTIES = (PRISON, COORDINATOR, MONITOR, *RECEIVERS)


def receiver(party: Party) -> Receiver:
    """As a plan names it. A receiver's only role is its type."""
    return Receiver(party=party.code, receiver_type=type_of(party))


def type_of(party: Party) -> ReceiverType:
    return party.roles[0]  # type: ignore[return-value]


#: Whom a coordinator asks when the plan's own list is used up.
INSTEAD: dict[ServiceType, tuple[Party, ...]] = {
    "psychosocial-support": (NGO_NORTH, NGO_SOUTH, NGO_WOMEN, NARCOLOGY),
    "rehabilitation-outpatient": (REHAB, NGO_SOUTH, NARCOLOGY),
    "narcology-outpatient": (NARCOLOGY,),
    "oat": (OAT_CITY, OAT_VALLEY),
    "art": (AIDS_CENTRE,),
    "documents": (PROBATION, NGO_SOUTH, NGO_NORTH),
}
