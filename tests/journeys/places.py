"""Who takes part in the journeys: parties of five countries in one world, and what they are for."""

from throughcare.gateway.parties import NewParty

# Kyrgyzstan, where an enrolment in a programme opens a case.
PRISON, COLONY = "prison-service", "colony-27"
#: OAT is given here, and not in the colony above.
METHADONE_COLONY = "kg-31"
NGO, NEXT_NGO, REHAB = "ngo-dawn", "ngo-step", "rehab-hills"
OAT_SITE = "oat-site-north"
COORDINATOR, AUDIT, DATA_OFFICE = "coordination-desk", "audit-office", "data-office"
#: Another prison service: it has cases of its own, and none of the first one's.
NEIGHBOUR = "neighbour-service"

# Elsewhere one prison speaks in all of its roles, and opens cases itself.
KZ_PRISON, KZ_NGO, KZ_OAT_SITE = "kz-prison", "kz-ngo", "kz-oat-site"
TJ_PRISON, TJ_NGO, TJ_NEXT_NGO = "tj-prison", "tj-ngo", "tj-ngo-two"
TM_PRISON, TM_CENTRE = "tm-prison", "tm-centre"
UZ_PRISON, UZ_NGO, MAHALLA = "uz-prison", "uz-ngo", "mahalla-lola"

_KG = (COLONY, METHADONE_COLONY)
_IN_PRISON = ("prison-admin", "prison-health", "prison-psych")
PARTIES = (
    NewParty(PRISON, ("prison-admin",), _KG),
    NewParty(COLONY, ("prison-health", "prison-psych"), (COLONY,)),
    NewParty(METHADONE_COLONY, ("prison-health", "prison-psych"), (METHADONE_COLONY,)),
    NewParty(NGO, ("ngo",)),
    NewParty(NEXT_NGO, ("ngo",)),
    NewParty(REHAB, ("rehab-centre",)),
    NewParty(OAT_SITE, ("oat-site",)),
    NewParty(COORDINATOR, ("protocol-coordinator",)),
    NewParty(AUDIT, ("monitor",)),
    NewParty(DATA_OFFICE, ("dpo",)),
    NewParty(NEIGHBOUR, ("prison-admin",)),
    NewParty(KZ_PRISON, _IN_PRISON, (KZ_PRISON,), "KZ", "ru"),
    NewParty(KZ_NGO, ("ngo",), (), "KZ", "ru"),
    NewParty(KZ_OAT_SITE, ("oat-site",), (), "KZ", "ru"),
    NewParty(TJ_PRISON, _IN_PRISON, (TJ_PRISON,), "TJ", "ru"),
    NewParty(TJ_NGO, ("ngo",), (), "TJ", "ru"),
    NewParty(TJ_NEXT_NGO, ("ngo",), (), "TJ", "ru"),
    NewParty(TM_PRISON, _IN_PRISON, (TM_PRISON,), "TM", "ru"),
    NewParty(TM_CENTRE, ("drop-in",), (), "TM", "tk"),
    NewParty(UZ_PRISON, _IN_PRISON, (UZ_PRISON,), "UZ", "ru"),
    NewParty(UZ_NGO, ("ngo",), (), "UZ", "ru"),
    NewParty(MAHALLA, ("mahalla",), (), "UZ", "ru"),
)
COUNTRY = {new.party: new.country or "KG" for new in PARTIES}
#: In which the consent form is read.
LANGUAGE = {"KG": "ky-Cyrl", "KZ": "kk-Cyrl", "TJ": "tg-Cyrl", "TM": "tk-Latn", "UZ": "uz-Latn"}
