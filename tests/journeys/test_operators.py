"""What operators do at a running deployment, from a terminal and by programs."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from throughcare.contracts.facts import ProgrammeEnrolled, ReleaseScheduled
from throughcare.contracts.release_commands import AcceptReferral, AcknowledgeReferral
from throughcare.contracts.topics import RELEASE_COMMANDS, facts_of, partition_of
from throughcare.runtime.ids import new_id
from throughcare.tests.journeys.conftest import Deployment
from throughcare.tests.journeys.person import Person
from throughcare.tests.journeys.places import AUDIT, COLONY, NGO, PRISON
from throughcare.tests.journeys.world import World, day, said

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.fixture
async def no_letters(world: World) -> None:
    """Dead letters of other journeys are none of these tests' business."""
    for schema in ("gateway", "intake", "release"):
        await world.operator.execute(
            f"UPDATE {schema}.dead_letters SET status = 'discarded', ended_at = now()"  # noqa: S608
            " WHERE ended_at IS NULL"
        )


async def _letter(world: World, schema: str) -> str:
    """The dead letter that something just became."""
    for _ in range(200):
        found = await world.operator.fetchval(
            f"SELECT id FROM {schema}.dead_letters WHERE ended_at IS NULL"  # noqa: S608
        )
        if found is not None:
            return str(found)
        await asyncio.sleep(0.05)
    raise AssertionError("nothing became a dead letter")


def _file(folder: Path, world: World, reference: str) -> Path:
    """Two good lines and three bad ones, as somebody's export has them."""
    enrolled = said(ProgrammeEnrolled(programme_code="atlantis"), reference, world.now)
    later = world.now + timedelta(seconds=1)
    dated = said(ReleaseScheduled(expected_release_on=day(world.now, 80)), reference, later)
    for event in (enrolled, dated):
        del event["id"]  # the file's own lines are its ids
    lines = [
        json.dumps(enrolled),
        "{broken",
        json.dumps(dated),
        json.dumps({**dated, "type": "org.throughcare.fact.moon-landing.v1"}),
        json.dumps({**dated, "data": {"expected_release_on": "soon"}}),
    ]
    file = folder / "facts.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("door", ["http", "kafka"])
async def test_a_file_is_sent_without_its_bad_lines_and_twice_is_once(
    world: World, deployment: Deployment, tmp_path: Path, door: str
) -> None:
    reference = f"KG27-03-{door}"
    file = _file(tmp_path, world, reference)
    way = ("emit", file, "--to", door, "--party", PRISON)
    key = ("--key", world.keys[PRISON]) if door == "http" else ()

    first = deployment.run(*way, *key)
    await world.settle()
    again = deployment.run(*way, *key, "--json")

    assert first.returncode == 1  # there were bad lines
    assert first.stderr.splitlines() == [
        "line 2: bad not-json",
        "line 4: bad unknown-type",
        "line 5: bad schema /data/expected_release_on",
    ]
    # By Kafka the date may come while the case is still being opened: then it waits for that.
    assert first.stdout in ("2 decided, 3 bad\n", "1 decided, 3 bad, 1 parked\n")
    told = {line["number"]: line["result"] for line in json.loads(again.stdout)}
    assert told == {1: "decided", 2: "bad", 3: "decided", 4: "bad", 5: "bad"}
    await world.settle()
    case_ref = await world.case(PRISON, reference)
    assert (await world.said_by_release(case_ref)).count("release-scheduled") == 1


async def test_a_line_that_is_refused_is_named_with_its_reason(
    world: World, deployment: Deployment, tmp_path: Path
) -> None:
    file = tmp_path / "nobody.jsonl"
    command = {
        "type": "org.throughcare.command.offer-consent.v1",
        "subject": "nobody-knows-this",
        "time": "2099-01-01T00:00:00Z",
        "data": {"language": "ky-Cyrl", "form_version": "v1", "explained_orally": True,
                 "interpreter": False, "witness_role": "ngo"},
    }  # fmt: skip
    file.write_text(json.dumps(command))

    done = deployment.run("emit", file, "--party", PRISON, "--key", world.keys[PRISON])

    assert (done.returncode, done.stdout) == (1, "1 refused\n")
    assert done.stderr == "line 1: refused occurs-in-the-future\n"


async def test_what_nobody_can_read_is_shown_and_let_go(
    world: World, deployment: Deployment, no_letters: None
) -> None:
    raw = b"\x80\x04 a name that none should read"
    await world.producer.send_and_wait(facts_of(PRISON).name, raw)
    letter = await _letter(world, "gateway")

    listed, shown, opened = await deployment.run_all(
        ("dlq", "list", "--json"),
        ("dlq", "show", letter, "--json"),
        ("dlq", "show", letter, "--open", "--json"),
    )
    replayed = deployment.run("dlq", "replay", letter)
    discarded = deployment.run("dlq", "discard", letter, "--reason", "foreign-bytes")
    empty = deployment.run("dlq", "list")

    assert listed.returncode == 1  # something waits for a human
    [found] = json.loads(listed.stdout)
    assert (found["id"], found["service"], found["code"]) == (letter, "gateway", "not-utf8")
    assert "a name" not in shown.stdout
    # As JSON, with the record's bytes in base64: they are no text.
    assert "value_base64" in json.loads(opened.stdout)["raw"]
    assert (replayed.returncode, replayed.stdout.strip()) == (1, "open")
    assert (discarded.returncode, discarded.stdout.strip()) == (0, "discarded")
    assert (empty.returncode, empty.stdout) == (0, "")


async def test_a_dead_letter_halts_its_own_case_and_what_waited_runs_once_it_is_discarded(
    world: World, deployment: Deployment, no_letters: None
) -> None:
    halted = await Person(world, "KG27-0301").enrolled()
    await (await halted.consented()).planned()
    referral = await halted.referred()
    other = await Person(world, "KG27-0302").enrolled()
    partition = partition_of(halted.case_ref)
    newer = {
        "specversion": "1.0", "id": str(new_id()), "source": "/parties/ngo-dawn",
        "type": "org.throughcare.command.accept-referral.v9", "subject": str(halted.case_ref),
        "time": "2026-03-02T03:00:00Z", "recordedtime": "2026-03-02T03:00:00Z",
        "correlationid": str(new_id()), "protocolversion": "kg-2026.1",
        "data": {"referral_id": str(referral)},
    }  # fmt: skip
    await world.producer.send_and_wait(
        RELEASE_COMMANDS.name, orjson.dumps(newer), partition=partition
    )
    letter = await _letter(world, "release")

    answers = []
    for command in (
        AcknowledgeReferral(referral_id=referral),
        AcceptReferral(referral_id=referral),
    ):
        answers.append(
            await world.desks[NGO].client.post(
                "/v1/commands",
                json=said(command, halted.names[NGO], world.now),
                headers={"prefer": "respond-async"},
            )
        )
    # The others go on meanwhile.
    await other.consented()
    await other.desk(PRISON).does(
        other.reference, ReleaseScheduled(expected_release_on=day(world.now, 70))
    )
    replayed = deployment.run("dlq", "replay", letter)
    shown = json.loads(deployment.run("dlq", "show", letter, "--json").stdout)
    waiting = await world.desks[NGO].client.get(answers[1].headers["location"])
    discarded = deployment.run("dlq", "discard", letter, "--reason", "newer-version")

    assert (shown["class"], shown["case_ref"]) == ("unknown-type", str(halted.case_ref))
    assert shown["held_behind"] == 2
    assert replayed.returncode == 1
    assert [answer.status_code for answer in (*answers, waiting)] == [202, 202, 202]
    assert discarded.returncode == 0, discarded.stderr
    for answer in answers:
        outcome = await world.desks[NGO].client.get(
            answer.headers["location"], headers={"prefer": "wait=20"}
        )
        assert outcome.json()["type"] == "org.throughcare.outcome.decided.v1"
    await world.settle()
    happened = await world.said_by_release(halted.case_ref)
    assert happened.index("referral-received") < happened.index("referral-accepted")


async def test_a_party_that_was_added_may_knock_at_once(
    world: World, deployment: Deployment
) -> None:
    added = deployment.run(
        "party", "add", "rehab-house", "--role", "rehab-centre", "--role", "ngo",
        "--email", "desk@rehab-house.invalid", "--json",
    )  # fmt: skip
    told = json.loads(added.stdout)
    answer = await world.desks[PRISON].client.get(
        "/v1/cases/nobody/timeline", headers={"authorization": f"Bearer {told['api_key']}"}
    )

    assert added.returncode == 0, added.stderr
    assert (told["party"], told["roles"]) == ("rehab-house", ["rehab-centre", "ngo"])
    assert told["facts_topic"] == "throughcare.facts.v1.rehab-house"
    assert told["http"] == world.http
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-case")
    for refused in await deployment.run_all(
        ("party", "add", "rehab-house", "--role", "tsar"),
        ("party", "add", "Rehab House", "--role", "ngo"),
        ("emit", "-", "--to", "kafka", "--party", "nobody-known"),
    ):
        assert (refused.returncode, refused.stdout) == (2, "")
        assert len(refused.stderr.splitlines()) == 1, refused.stderr


async def test_programs_read_a_timeline_the_proof_and_the_state(
    world: World, deployment: Deployment
) -> None:
    person = await Person(world, "KG27-0303").enrolled()
    await world.settle()

    shown, read, denied, proof, status = await deployment.run_all(
        ("timeline", person.audit, "--key", world.keys[AUDIT], "--json"),
        ("timeline", person.names[COLONY], "--key", world.keys[COLONY]),
        ("timeline", person.audit, "--key", world.keys[NGO]),
        ("verify", "--json"),
        ("status", "--json"),
    )

    entries = json.loads(shown.stdout)["entries"]
    assert [e["type"].split(".")[3] for e in entries[:2]] == ["case-opened", "programme-enrolled"]
    assert shown.returncode == read.returncode == 0
    assert (denied.returncode, denied.stdout) == (1, "")
    assert proof.returncode == 0
    assert json.loads(proof.stdout)["verified"] is True
    assert status.returncode == 0
    state = json.loads(status.stdout)
    assert (state["running"], state["ready"]) == (True, True)
    assert "postgres" not in state["processes"]
