"""Who may be given what, and who may enter it: every cell has the value it should have."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import product
from typing import Any, get_args

import pytest

from throughcare.contracts.codes import ROLES, DataClass, Purpose, Role
from throughcare.protocol import disclosure, redisclosure
from throughcare.protocol.decision import Refused
from throughcare.protocol.disclosure import Allowed, CaseFacts, may_disclose, may_enter
from throughcare.protocol.profiles import CURRENT, current
from throughcare.protocol.profiles.words import forbidden
from throughcare.protocol.redisclosure import TEXTS, Notice, notice
from throughcare.protocol.refusals import LANGUAGES, REFUSALS

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
CLASSES: tuple[DataClass, ...] = get_args(DataClass)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ALL = frozenset(product(CLASSES, PURPOSES))
#: Everything is in place: the person said yes to everything, and the party said yes.
OPEN = CaseFacts(NOW, 24, agreed=True, permissions=ALL, accepted=True)
OUT = OPEN._replace(released_at=NOW - timedelta(hours=3))

#: By hand, after domain.md §4.1: what a role may ever be given, in custody and three hours after.
EVER: dict[str, tuple[str, str]] = {
    "prison-admin": ("", ""),
    "prison-health": ("P1 P2 P3 P4", "P1 P2 P3 P4"),
    "prison-psych": ("P1 P2", "P1 P2"),
    "programme-coordinator": ("P0 P1 P2", ""),
    "protocol-coordinator": ("", ""),
    "ngo": ("P0 P1 P2 P3 P5", "P0 P1 P2 P3 P5"),
    "oat-site": ("P0 P1 P3", "P0 P1 P3"),
    "narcology": ("P0 P1 P3 P4", "P0 P1 P3 P4"),
    "aids-centre": ("P0 P1 P4", "P0 P1 P4"),
    "rehab-centre": ("P0 P1 P2 P3", "P0 P1 P2 P3"),
    "drop-in": ("P0 P1 P2", "P0 P1 P2"),
    "mahalla": ("", "P0 P1 P2"),
    "probation": ("P0", "P0"),
    "monitor": ("", ""),
    "client": ("", ""),
    "dpo": ("", ""),
    "commenter": ("", ""),
    "system": ("", ""),
}


def refused(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    assert answer.code in REFUSALS
    return answer.code


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_given_what_the_table_says_and_nothing_else(role: Role) -> None:
    for facts, wanted in zip((OPEN, OUT), EVER[role], strict=True):
        given = {
            c for c in CLASSES if isinstance(may_disclose([role], "handover", [c], facts), Allowed)
        }
        assert given == set(wanted.split())


CARRIES = {
    "place": "P0",
    "handover": "P0 P1 P2 P3 P5",
    "dose": "P1 P3",
    "reach": "P1",
    "social": "P1 P2",
    "safety": "P1",
    "emerg": "",
    "stat": "",
    "qa": "",
}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_carries_no_more_than_it_needs(purpose: Purpose) -> None:
    given = {c for c in CLASSES if isinstance(may_disclose(["ngo"], purpose, [c], OPEN), Allowed)}

    assert given == set(CARRIES[purpose].split())


def test_nobody_is_found_a_place_by_their_name() -> None:
    asked = OPEN._replace(accepted=False)

    assert may_disclose(["ngo"], "place", ["P0"], asked) == Allowed(frozenset({"P0"}), "place")
    for one in ("P1", "P2", "P3", "P4", "P5"):
        answer = may_disclose(["ngo"], "place", [one], OPEN)
        assert refused(answer) == "class-not-for-purpose"


def test_who_did_not_accept_never_learns_who_it_was() -> None:
    asked = OPEN._replace(accepted=False)

    for purpose in ("handover", "dose", "reach", "social", "safety"):
        assert refused(may_disclose(["ngo"], purpose, ["P1"], asked)) == "referral-not-accepted"


def test_what_the_person_did_not_allow_this_party_goes_nowhere() -> None:
    some = OPEN._replace(permissions=frozenset({("P1", "handover"), ("P2", "social")}))

    assert isinstance(may_disclose(["ngo"], "handover", ["P1"], some), Allowed)
    assert refused(may_disclose(["ngo"], "handover", ["P1", "P2"], some)) == (
        "consent-does-not-cover-receiver"
    )
    none = some._replace(permissions=frozenset())
    assert (
        refused(may_disclose(["ngo"], "place", ["P0"], none)) == "consent-does-not-cover-receiver"
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stopped": True}, "consent-withdrawn"),
        ({"ended": True}, "case-closed"),
        ({"agreed": False}, "no-consent"),
        ({"by_code": True}, "no-identity-by-code"),
    ],
)
@pytest.mark.parametrize("role", ["ngo", "prison-health", "oat-site"])
def test_after_a_stop_an_end_or_by_code_no_name_goes_out_or_in_whoever_asks(
    change: dict[str, Any], code: str, role: Role
) -> None:
    facts = OPEN._replace(**change)

    assert refused(may_disclose([role], "handover", ["P1"], facts)) == code
    if role != "ngo":
        answer = may_disclose([role], "emerg", ["P1"], facts, "life-in-danger")
        assert refused(answer) == code
    if role != "oat-site":
        assert refused(may_enter([role], ["P1"], facts)) == code


def test_by_code_what_is_no_name_still_goes_where_it_was_allowed() -> None:
    facts = OPEN._replace(by_code=True)

    assert isinstance(may_disclose(["oat-site"], "dose", ["P3"], facts), Allowed)
    assert isinstance(may_enter(["prison-health"], ["P3"], facts), Allowed)


def test_a_role_that_may_never_learns_nothing_of_the_case_by_asking() -> None:
    for facts in (OPEN, OPEN._replace(stopped=True), OPEN._replace(agreed=False)):
        for role in ("monitor", "prison-admin", "dpo"):
            answer = may_disclose([role], "handover", ["P1"], facts)
            assert refused(answer) == "class-not-for-role"
            assert refused(may_enter([role], ["P1"], facts)) == "class-not-for-role"


@pytest.mark.parametrize(("hours", "open_"), [(0, True), (23.99, True), (24, False), (500, False)])
def test_the_facilitys_health_service_reads_and_enters_until_a_day_after_the_release(
    hours: float, open_: bool
) -> None:
    facts = OPEN._replace(released_at=NOW - timedelta(hours=hours))

    for answer in (
        may_disclose(["prison-health"], "dose", ["P3"], facts),
        may_disclose(["prison-health"], "emerg", ["P3"], facts, "medicine-to-check"),
        may_enter(["prison-health"], ["P3"], facts),
    ):
        assert isinstance(answer, Allowed) is open_
        assert open_ or refused(answer) == "facility-part-over"


def test_a_programme_and_the_neighbourhood_are_told_on_one_side_of_the_gate_only() -> None:
    assert refused(may_disclose(["programme-coordinator"], "social", ["P1"], OUT)) == (
        "facility-part-over"
    )
    assert refused(may_disclose(["mahalla"], "social", ["P1"], OPEN)) == "person-not-released"
    assert isinstance(may_disclose(["mahalla"], "social", ["P1", "P2"], OUT), Allowed)


def test_the_coordinator_learns_who_it_is_while_an_alarm_is_open_and_to_find_the_person() -> None:
    role = ["protocol-coordinator"]
    alarm = OPEN._replace(escalated=True, accepted=False, permissions=frozenset())

    assert isinstance(may_disclose(role, "reach", ["P1"], alarm), Allowed)
    assert refused(may_disclose(role, "reach", ["P1"], OPEN)) == "only-while-escalated"
    assert refused(may_disclose(role, "handover", ["P1"], alarm)) == "class-not-for-role"
    assert refused(may_disclose(role, "social", ["P2"], alarm)) == "class-not-for-role"


def test_a_party_in_two_roles_gets_what_either_may_have() -> None:
    both = ["oat-site", "aids-centre"]

    assert isinstance(may_disclose(both, "dose", ["P1", "P3", "P4"], OPEN), Allowed)
    assert refused(may_disclose(["oat-site"], "dose", ["P3", "P4"], OPEN)) == "class-not-for-role"
    inside = ["mahalla", "drop-in"]
    assert isinstance(may_disclose(inside, "social", ["P1"], OPEN), Allowed)


def test_nothing_asked_for_is_nothing_allowed() -> None:
    assert refused(may_disclose(["ngo"], "handover", [], OPEN)) == "class-not-for-purpose"
    assert refused(may_enter(["ngo"], [], OPEN)) == "class-not-for-role"


# -- emergencies ----------------------------------------------------------------------------------

EMERGENCY = {"prison-health": "P1 P3 P4", "oat-site": "P1 P3", "aids-centre": "P1 P4"}


@pytest.mark.parametrize("role", ROLES)
def test_the_glass_is_broken_by_who_treats_for_the_least_and_with_a_reason(role: Role) -> None:
    nothing = OPEN._replace(permissions=frozenset())
    given = {
        c
        for c in CLASSES
        if isinstance(may_disclose([role], "emerg", [c], nothing, "life-in-danger"), Allowed)
    }

    assert given == set(EMERGENCY.get(role, "").split())
    assert refused(may_disclose([role], "emerg", ["P1"], nothing)) == "emergency-without-reason"


def test_a_receiver_that_did_not_accept_learns_nothing_in_an_emergency_either() -> None:
    asked = OPEN._replace(accepted=False)

    for role in EMERGENCY:
        answer = may_disclose([role], "emerg", ["P1"], asked, "life-in-danger")
        if role == "prison-health":
            assert isinstance(answer, Allowed)
        else:
            assert refused(answer) == "referral-not-accepted"


# -- entering -------------------------------------------------------------------------------------

ENTERS = {"prison-health": "P1 P2 P3 P4", "prison-psych": "P1 P2", "ngo": "P1 P2 P3"}


@pytest.mark.parametrize("role", ROLES)
def test_data_are_entered_by_who_asks_the_person_and_by_nobody_before_consent(role: Role) -> None:
    facts = OPEN._replace(accepted=False, permissions=frozenset())

    entered = {c for c in CLASSES if isinstance(may_enter([role], [c], facts), Allowed)}
    before = {c for c in CLASSES if isinstance(may_enter([role], [c], CaseFacts(NOW, 24)), Allowed)}

    assert entered == set(ENTERS.get(role, "").split())
    assert before == set()


# -- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", CURRENT)
def test_no_country_promises_a_receiver_more_than_the_table_gives(country: str) -> None:
    """But for probation: the person takes their papers there; the system gives no name."""
    for receiver, rule in current(country).receivers.items():
        assert rule.classes <= disclosure.TABLE.receives[receiver].classes
    for service in current(country).services.values():
        assert service.classes <= disclosure.TABLE.purposes[service.purpose]
        for receiver in service.receivers - {"probation"}:
            assert service.classes <= disclosure.TABLE.receives[receiver].classes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("reach: [P1]", "find: [P1]", "purposes: find"),
        ("place: [P0]", "place: [P9]", "place: P9"),
        ("  mahalla:", "  police:", "receives: police"),
        ("{while: outside,", "{while: always,", "mahalla: always"),
        ("{while: outside,", "{while: outside, why: x,", "mahalla: why"),
        ("only_for: [reach]", "only_for: [search]", "protocol-coordinator: search"),
    ],
)
def test_a_table_that_names_what_is_not_known_is_not_read(old: str, new: str, says: str) -> None:
    text = files("throughcare.protocol").joinpath("disclosure.yaml").read_text("utf-8")
    assert old in text

    with pytest.raises(ValueError, match=f"disclosure.yaml: {says}"):
        disclosure.read(text.replace(old, new))


# -- the notice -----------------------------------------------------------------------------------

UNTIL = date(2026, 9, 1)
_TEXT = files("throughcare.protocol").joinpath("redisclosure.yaml")


def test_a_notice_says_what_for_and_until_when_and_which_text_it_was() -> None:
    said = notice("KG", "en-Latn", "handover", UNTIL)

    assert isinstance(said, Notice)
    assert said.version == "r1.en"
    assert "only for: taking the person over, until 2026-09-01." in said.text
    assert "register" in said.text


def test_a_notice_that_nobody_answers_for_goes_with_no_real_data() -> None:
    for language in LANGUAGES:
        real = notice("KZ", language, "reach", UNTIL)
        assert isinstance(real, Refused) is (language in TEXTS.drafts)
        assert isinstance(notice("KZ", language, "reach", UNTIL, drafts=True), Notice)
    assert TEXTS.drafts == set(LANGUAGES) - {"en"}
    assert refused(notice("KZ", "de", "reach", UNTIL, drafts=True)) == "notice-is-draft"


def test_turkmenistan_has_words_of_its_own_and_falls_back_on_no_others() -> None:
    said = notice("TM", "tk-Latn", "social", UNTIL, drafts=True)

    assert isinstance(said, Notice)
    assert said.version == "r1.tm.tk"
    assert "müşderi" in said.text
    assert refused(notice("TM", "uz-Latn", "social", UNTIL, drafts=True)) == "notice-is-draft"


@pytest.mark.parametrize("country", ["KG", "TM"])
def test_what_was_shown_in_an_emergency_is_not_said_to_be_permitted(country: str) -> None:
    for language, permitted in (("en", "permission"), ("ru-Cyrl", "с согласия")):
        said = notice(country, language, "emerg", UNTIL, drafts=True)

        assert isinstance(said, Notice)
        assert said.version == f"r1.emerg.{language[:2]}"
        assert permitted not in said.text
        assert "72" in said.text
    assert refused(notice(country, "ky-Cyrl", "emerg", UNTIL, drafts=True)) == "notice-is-draft"


def test_who_reads_uzbek_in_cyrillic_is_told_in_russian() -> None:
    said = notice("UZ", "uz-Cyrl", "reach", UNTIL, drafts=True)

    assert isinstance(said, Notice)
    assert said.version == "r1.ru"


@pytest.mark.parametrize("country", CURRENT)
def test_no_notice_holds_a_word_that_the_country_keeps_silent(country: str) -> None:
    for language, purpose in product(LANGUAGES, TEXTS.purposes):
        said = notice(country, language, purpose, UNTIL, drafts=True)  # type: ignore[arg-type]
        if isinstance(said, Notice):
            assert forbidden(current(country), said.text) is None
            for word in ("drug", "hiv", "prison", "нарко", "вич", "тюрьм", "метадон"):
                assert word not in said.text.lower()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  kk: ", "  de: ", "texts: de, kk"),
        ("  reach:", "  stat:", "purposes: reach, stat"),
        ("{en: finding a place, ", "{", "place: en"),
        ("до {until}. Не", "до {day}. Не", "texts: ru lacks a place"),
    ],
)
def test_a_notice_that_lacks_something_is_not_read(old: str, new: str, says: str) -> None:
    text = _TEXT.read_text("utf-8")
    assert old in text

    with pytest.raises(ValueError, match=f"redisclosure.yaml: {says}"):
        redisclosure.read(text.replace(old, new, 1))
