"""A prison whose system fell silent is missed, as long as somebody there waits for a release."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from throughcare.contracts.facts import ReleaseScheduled
from throughcare.protocol.calendar import is_working_day
from throughcare.protocol.feed import silent_since
from throughcare.protocol.profiles import CURRENT, current
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.services.watcher.app import SettingsError, settings_from
from throughcare.services.watcher.feed import DAYS, REGULAR, silent_at
from throughcare.tests.watcher.conftest import NOON, Scene
from throughcare.tests.watcher.test_watcher import RELEASED

#: More real days than three working days can take.
LONG = 6
#: A Monday, at eleven at UTC+5.
MONDAY = datetime(2026, 9, 14, 6, tzinfo=UTC)


async def a_party(scene: Scene, party: str = "prison-1", role: str = "prison-admin") -> str:
    await scene.owner.execute(
        "INSERT INTO gateway.parties (party, roles) VALUES ($1, $2)", party, [role]
    )
    return party


async def a_waiting_case(scene: Scene, party: str = "prison-1") -> UUID:
    case = new_case_ref()
    await scene.owner.execute(
        "INSERT INTO gateway.cases (case_ref, protocol_version, opened_at) VALUES ($1, 'kg-2026.1', $2)",
        case, NOON,
    )  # fmt: skip
    await scene.owner.execute(
        "INSERT INTO gateway.aliases (party, alias, case_ref, since) VALUES ($1, $2, $3, $4)",
        party, f"K-{case}".encode(), case, NOON,
    )  # fmt: skip
    return case


async def said(
    scene: Scene, *days_ago: float, party: str = "prison-1", type_: str = ReleaseScheduled.type
) -> None:
    """Decided facts of a party; a door took them so long ago."""
    await scene.owner.executemany(
        "INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark, received_at,"
        " taken_at, outcome) VALUES ($1, $2, 's', $3, $4, '', now(), now() - make_interval(secs => $5), '')",
        [(new_id(), party, str(new_id()), type_, days * 86400) for days in days_ago],
    )


async def a_silent_feed(scene: Scene, party: str = "prison-1") -> UUID:
    await a_party(scene, party)
    await said(scene, *(LONG + night for night in range(REGULAR)), party=party)
    return await a_waiting_case(scene, party)


async def test_a_prison_that_sent_facts_and_falls_silent_is_missed_until_it_speaks_again(
    scene: Scene,
) -> None:
    await a_silent_feed(scene)
    assert await scene.look() == [("feed-silent", "prison-1")]

    await said(scene, 0)
    assert await scene.look() == []
    assert await scene.owner.fetchval("SELECT count(*) FROM watcher.alarms") == 1


async def test_each_silent_prison_is_named_and_no_other(scene: Scene) -> None:
    await a_silent_feed(scene, "prison-1")
    await a_silent_feed(scene, "prison-2")
    await said(scene, 0, party="prison-2")
    await a_silent_feed(scene, "prison-3")

    assert await scene.look() == [("feed-silent", "prison-1"), ("feed-silent", "prison-3")]


async def test_a_prison_where_nobody_waits_for_a_release_may_be_silent(scene: Scene) -> None:
    case = await a_silent_feed(scene)
    await scene.say("release", case, RELEASED)
    assert await scene.look() == []

    waiting = await a_waiting_case(scene)
    assert await scene.look() == [("feed-silent", "prison-1")]
    await scene.owner.execute("UPDATE gateway.aliases SET until = now() WHERE case_ref = $1", waiting)  # fmt: skip
    assert await scene.look() == []

    ended = await a_waiting_case(scene)
    await scene.owner.execute("UPDATE gateway.cases SET ended_at = now() WHERE case_ref = $1", ended)  # fmt: skip
    never = await a_waiting_case(scene)
    await scene.owner.execute("UPDATE gateway.cases SET opened_at = NULL WHERE case_ref = $1", never)  # fmt: skip
    assert await scene.look() == []


async def test_who_sends_facts_now_and_then_is_not_missed(scene: Scene) -> None:
    await a_party(scene)
    await a_waiting_case(scene)
    assert await scene.look() == []  # it never sent one

    await said(scene, *(LONG + night for night in range(REGULAR - 1)), LONG + 0.5)
    assert await scene.look() == []
    await said(scene, LONG + 13.5)
    assert await scene.look() == [("feed-silent", "prison-1")]


async def test_only_facts_of_prisons_are_expected_night_by_night(scene: Scene) -> None:
    await a_party(scene, "ngo-one", "ngo")
    await said(scene, *(LONG + night for night in range(REGULAR)), party="ngo-one")
    await a_waiting_case(scene, "ngo-one")
    assert await scene.look() == []

    await a_silent_feed(scene)
    await said(scene, 0, type_="org.throughcare.command.assess-needs.v1")
    assert await scene.look() == [("feed-silent", "prison-1")]  # a form is no export

    await scene.owner.execute("UPDATE gateway.parties SET disabled_at = now()")
    assert await scene.look() == []


async def test_what_cannot_be_looked_at_is_an_alarm_and_clears_nothing(scene: Scene) -> None:
    await a_silent_feed(scene)
    await scene.look()
    await scene.owner.execute("REVOKE SELECT ON watcher.facts FROM throughcare_watcher")
    await said(scene, 0)

    found = await scene.look()

    await scene.owner.execute("GRANT SELECT ON watcher.facts TO throughcare_watcher")
    assert found == [("check-broken", "feeds"), ("feed-silent", "prison-1")]
    assert await scene.look() == []


async def test_it_sees_neither_names_nor_what_was_said(scene: Scene) -> None:
    rows = await scene.owner.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'watcher'"
        " AND table_name = ANY ($1)",
        ["undecided", "prisons", "facts", "held"],
    )

    assert {row["column_name"] for row in rows} == {"taken_at", "party", "case_ref"}


@pytest.mark.parametrize(
    ("last", "silent"),
    [
        (MONDAY, MONDAY + timedelta(days=3, hours=7)),
        (MONDAY + timedelta(hours=23), MONDAY + timedelta(days=4, hours=7)),
        (MONDAY + timedelta(days=3), MONDAY + timedelta(days=8, hours=7)),
        (MONDAY + timedelta(days=5), MONDAY + timedelta(days=9, hours=7)),
    ],
    ids=["within a week", "a day begins at +5", "over a weekend", "from a Saturday"],
)
def test_silence_counts_in_working_days_up_to_their_evening(
    last: datetime, silent: datetime
) -> None:
    assert silent_at(last, 3) == silent


@pytest.mark.parametrize("country", sorted(CURRENT))
def test_it_misses_a_feed_when_the_profile_does_though_it_cannot_read_it(country: str) -> None:
    profile = current(country)
    assert profile.life.feed_silent == (DAYS, "wd")
    for hour in range(0, 24 * 14, 5):
        last = MONDAY + timedelta(days=56, hours=hour)  # two weeks without a holiday anywhere
        week = [(last + timedelta(days=day)).date() for day in range(8)]
        assert all(is_working_day(profile, day) == (day.isoweekday() < 6) for day in week)
        at = silent_at(last, DAYS)
        alike = profile.zone.utcoffset(last.replace(tzinfo=None)) == timedelta(hours=5)
        if alike:
            assert silent_since(profile, last, at) == at
            assert silent_since(profile, last, at - timedelta(seconds=1)) is None
        else:  # an hour to the east a day begins and ends earlier
            by_profile = silent_since(profile, last, at + timedelta(days=9))
            assert by_profile is not None
            assert by_profile - at in {
                timedelta(hours=-1),
                timedelta(hours=23),
                timedelta(hours=71),
            }


def test_how_long_is_a_setting_and_has_to_be_a_number() -> None:
    assert settings_from({}).feed_silent_days == DAYS
    assert settings_from({"THROUGHCARE_WATCHER__FEED_SILENT_DAYS": "5"}).feed_silent_days == 5
    with pytest.raises(SettingsError, match="FEED_SILENT_DAYS"):
        settings_from({"THROUGHCARE_WATCHER__FEED_SILENT_DAYS": "soon"})
