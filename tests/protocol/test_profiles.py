"""The protocol is data: each country's file is read, and a wrong one says where it is wrong."""

from importlib.resources import files
from typing import Any

import pytest
import yaml

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.profiles import CURRENT, PROFILES, BadProfileError, current, read

TEXT = files("throughcare.protocol.profiles").joinpath("kg.yaml").read_text("utf-8")


def _without(path: str) -> str:
    tree: Any = yaml.safe_load(TEXT)
    node = tree
    *way, last = path.split(".")
    for step in way:
        node = node[step]
    del node[last]
    return yaml.safe_dump(tree)


def test_cases_of_a_country_begin_under_its_current_version() -> None:
    assert current("KG").version == "kg-2026.1"
    assert all(PROFILES[version].country == country for country, version in CURRENT.items())


def test_every_value_says_where_it_comes_from() -> None:
    for profile in PROFILES.values():
        for key in profile.keys:
            assert key.source, key.name
            assert key.status in ("sourced", "proposed", "tbc")


def test_every_deadline_says_whom_it_alarms() -> None:
    codes: tuple[DeadlineCode, ...] = DeadlineCode.__args__  # type: ignore[attr-defined]
    for profile in PROFILES.values():
        for code in codes:
            step = profile.contact_hours[0] if code == "D17" else None
            assert profile.alarms_of(code, step)


def test_probation_and_police_are_never_alarmed() -> None:
    for profile in PROFILES.values():
        told = {alarm.to for alarms in profile.alarms.values() for alarm in alarms}
        assert told <= {"receiver", "protocol-coordinator", "prison-admin"}


def test_each_service_can_be_given_by_a_receiver_that_may_get_what_it_needs() -> None:
    for profile in PROFILES.values():
        for service in profile.services.values():
            for receiver in service.receivers:
                assert service.classes <= profile.receivers[receiver].classes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("just words", "holds no keys"),
        ("country: KG", "country holds no keys"),
        ("country: {value: KG, source: x}", "country has value, source and status"),
        ("country: {value: KG, source: x, status: sure}", "country has the status 'sure'"),
        (_without("time_zone"), "time_zone is missing"),
        (_without("deadlines.D07.short"), "deadlines.D07.short is missing"),
        (TEXT.replace("amount: 5, unit: wd", "amount: 5, unit: wd, per: x"), "per"),
        (TEXT.replace("Asia/Bishkek", "Asia/Nowhere"), "Asia/Nowhere"),
        (TEXT.replace('"2026-01-07"', '"7 January"'), "7 January"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_place(text: str, says: str) -> None:
    with pytest.raises(BadProfileError) as error:
        read(text, "xx.yaml")

    assert "xx.yaml" in str(error.value)
    assert says in str(error.value)
