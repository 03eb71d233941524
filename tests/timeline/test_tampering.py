"""What somebody with every right in the database, but without the signing key, cannot hide.

Each attack is tried with one honest checkpoint held outside, and the services' own tables are not
looked at: the log alone has to show it.
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from throughcare.services.timeline.checkpoint import make_key
from throughcare.services.timeline.leaves import NO_CASE, Salts, leaf_of, salt_owner
from throughcare.services.timeline.merkle import Edge
from throughcare.tests.timeline.conftest import Log, cases

SIZE = 300
#: The checkpoint that somebody took home covers this much.
HELD = 280


async def _edit(log: Log) -> int:
    await log.owner.execute(
        "UPDATE timeline.entries SET envelope = replace(convert_from(envelope, 'UTF8'),"
        " '2026-03-02', '2026-03-01')::bytea"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 41)"
    )
    return 41


async def _edit_the_first(log: Log) -> int:
    await log.owner.execute(
        "UPDATE timeline.entries SET envelope = envelope || ' '::bytea"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 0)"
    )
    return 0


async def _say_another_kind(log: Log) -> int:
    await log.owner.execute(
        "UPDATE timeline.entries SET kind = 'read'"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 7)"
    )
    return 7


async def _move_to_another_case(log: Log) -> int:
    await log.owner.execute(
        "UPDATE timeline.entries SET case_ref = (SELECT case_ref FROM timeline.secrets"
        " WHERE case_ref NOT IN (entries.case_ref, $1) LIMIT 1)"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 100)",
        NO_CASE,
    )
    return 100


async def _move_a_whole_case_with_its_secret(log: Log) -> int:
    case = await log.owner.fetchval(
        "SELECT case_ref FROM timeline.leaves JOIN timeline.entries USING (entry) WHERE index = 0"
    )
    other = log.said.id()
    for table in ("entries", "secrets"):
        await log.owner.execute(
            f"UPDATE timeline.{table} SET case_ref = $1 WHERE case_ref = $2",  # noqa: S608
            other,
            case,
        )
    return 0


async def _delete_an_entry(log: Log) -> int:
    await log.owner.execute(
        "DELETE FROM timeline.entries"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 200)"
    )
    return 200


async def _delete_a_leaf(log: Log) -> int:
    await log.owner.execute("DELETE FROM timeline.leaves WHERE index = 200")
    return 200


async def _blank_without_a_word(log: Log) -> int:
    await log.owner.execute(
        "UPDATE timeline.entries SET envelope = NULL"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = 33)"
    )
    return 33


async def _destroy_a_secret_and_edit(log: Log) -> int:
    await log.owner.execute(
        "DELETE FROM timeline.secrets WHERE case_ref = (SELECT case_ref FROM timeline.entries"
        " JOIN timeline.leaves USING (entry) WHERE index = 3)"
    )
    return 3


async def _swap_two_leaves(log: Log) -> int:
    await _renumber(log, [(50, 10**9), (51, 50), (10**9, 51)])
    return 0


async def _insert(log: Log) -> int:
    """A forged entry in the middle, everything behind it moved up."""
    await _renumber(log, [(index, index + 1) for index in range(SIZE - 1, 99, -1)])
    entry = await log.owner.fetchval(
        "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " SELECT gen_random_uuid(), case_ref, kind, envelope FROM timeline.entries LIMIT 1"
        " RETURNING entry"
    )
    await log.owner.execute(
        "INSERT INTO timeline.leaves VALUES (100, $1, 'event', sha256('x'))", entry
    )
    await _rewrite(log)
    return 0


async def _remove_and_close_the_gap(log: Log) -> int:
    await log.owner.execute(
        "WITH gone AS (DELETE FROM timeline.leaves WHERE index = 10 RETURNING entry)"
        " DELETE FROM timeline.entries WHERE entry IN (SELECT entry FROM gone)"
    )
    await _renumber(log, [(index + 1, index) for index in range(10, SIZE - 1)])
    await _rewrite(log)
    return 0


async def _truncate(log: Log) -> int:
    await log.owner.execute(
        "WITH gone AS (DELETE FROM timeline.leaves WHERE index >= 250 RETURNING entry)"
        " DELETE FROM timeline.entries WHERE entry IN (SELECT entry FROM gone)"
    )
    await _rewrite(log)
    return 250


async def _edit_and_make_it_all_fit_again(log: Log) -> int:
    await _edit(log)
    await _rewrite(log)
    return 0


async def _renumber(log: Log, moves: list[tuple[int, int]]) -> None:
    await log.owner.executemany("UPDATE timeline.leaves SET index = $2 WHERE index = $1", moves)


async def _rewrite(log: Log) -> None:
    """Make commitments, tiles and sizes fit what stands there; drop the checkpoints that do not."""
    rows = await log.owner.fetch(
        "SELECT l.index, e.kind, e.case_ref, e.message_id, e.envelope"
        " FROM timeline.leaves AS l JOIN timeline.entries AS e USING (entry) ORDER BY index"
    )
    found = await log.owner.fetch("SELECT case_ref, secret FROM timeline.secrets")
    secrets = {row["case_ref"]: row["secret"] for row in found}
    fitting = []
    for row in rows:
        salts = Salts(secrets[salt_owner(row["kind"], row["case_ref"])])
        commitment = salts.commitment(row["message_id"].bytes, row["envelope"])
        fitting.append((row["index"], row["kind"], commitment))
    await log.owner.executemany(
        "UPDATE timeline.leaves SET kind = $2, commitment = $3 WHERE index = $1", fitting
    )
    hashes = [leaf_of(kind, commitment) for _, kind, commitment in fitting]
    edge = Edge()
    tiles = edge.extend(hashes)
    await log.owner.execute("TRUNCATE timeline.tiles")
    await log.owner.executemany(
        "INSERT INTO timeline.tiles VALUES ($1, $2, $3)",
        [(at.level, at.number, tile) for at, tile in tiles.items()],
    )
    await log.owner.execute("UPDATE timeline.log SET size = $1", edge.size)
    await log.owner.execute("TRUNCATE timeline.checkpoints")


_ATTACKS = (
    _edit,
    _edit_the_first,
    _say_another_kind,
    _move_to_another_case,
    _move_a_whole_case_with_its_secret,
    _delete_an_entry,
    _delete_a_leaf,
    _blank_without_a_word,
    _destroy_a_secret_and_edit,
    _swap_two_leaves,
    _insert,
    _remove_and_close_the_gap,
    _truncate,
    _edit_and_make_it_all_fit_again,
)


async def _grown(log: Log, taken_home: Path) -> None:
    await log.grow(cases(5), HELD)
    shutil.copytree(log.outside, taken_home, ignore=shutil.ignore_patterns("latest"))
    await log.grow(cases(5), SIZE - HELD)


@pytest.mark.parametrize("attack", _ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
async def test_one_honest_checkpoint_from_outside_shows_every_change(
    log: Log, tmp_path: Path, attack: Callable[[Log], Awaitable[int]]
) -> None:
    taken_home = tmp_path / "home"
    await _grown(log, taken_home)

    first_bad = await attack(log)
    report = await log.verify(taken_home, owner=False)

    assert not report.verified
    assert report.first_bad_index == first_bad


async def test_a_log_that_nobody_touched_fits_a_checkpoint_of_its_past(
    log: Log, tmp_path: Path
) -> None:
    await _grown(log, tmp_path / "home")

    report = await log.verify(tmp_path / "home", owner=False)

    assert report.verified
    assert (report.leaves, report.outside_size) == (SIZE, HELD)


async def test_a_database_put_back_to_an_older_state_is_shown(log: Log, tmp_path: Path) -> None:
    await log.grow(cases(5), 100)
    await log.connection.close()
    await log.owner.close()
    await log.sequencer.close()
    server, name = log.database.server, log.database.name
    server.create_database(f"{name}_older", template=name)
    older = server.url(f"{name}_older")
    await log.open()
    await log.grow(cases(5), 50)
    taken_home = log.outside / "150.txt"

    report = await log.verify(taken_home, url=older)

    server.drop_database(f"{name}_older")
    assert not report.verified
    assert report.first_bad_index == 100
    assert [problem.code for problem in report.problems] == ["truncated"]


async def test_two_signed_roots_of_one_size_are_evidence(log: Log, tmp_path: Path) -> None:
    """A stolen key signs another story: both notes together show it, whichever is true."""
    await log.grow(cases(2), 4)
    forged = log.signed_by_hand(4, b"\1" * 32)
    (tmp_path / "forged.txt").write_text(forged)

    report = await log.verify(log.outside, tmp_path / "forged.txt")

    assert {problem.code for problem in report.problems} == {"fork", "root"}


async def test_a_note_of_another_key_is_not_believed(log: Log, tmp_path: Path) -> None:
    await log.grow(cases(2), 4)
    stranger = tmp_path / "stranger.txt"
    make_key(tmp_path / "stranger.pem")
    stranger.write_text(log.signed_by_hand(4, b"\1" * 32, tmp_path / "stranger.pem"))

    report = await log.verify(stranger)

    assert not report.verified
    assert [problem.code for problem in report.problems] == ["signature"]


async def test_an_edited_tile_is_shown(log: Log) -> None:
    """The signer's proofs are made of tiles."""
    await log.grow(cases(2), 300)
    await log.owner.execute(
        "UPDATE timeline.tiles SET hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40))"
        " WHERE level = 0 AND number = 0"
    )

    report = await log.verify(log.outside)

    assert [(problem.code, problem.leaf) for problem in report.problems] == [("tile", 0)]


async def test_what_is_younger_than_the_last_outside_checkpoint_can_be_rewritten(
    log: Log, tmp_path: Path
) -> None:
    """The limit, stated openly: only the cadence of checkpoints bounds it."""
    taken_home = tmp_path / "home"
    await _grown(log, taken_home)
    await log.owner.execute(
        "UPDATE timeline.entries SET envelope = envelope || ' '::bytea"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = $1)",
        HELD + 5,
    )
    await _rewrite(log)

    assert (await log.verify(taken_home, owner=False)).verified


async def test_but_then_it_does_not_fit_what_the_service_itself_keeps(
    log: Log, tmp_path: Path
) -> None:
    taken_home = tmp_path / "home"
    await _grown(log, taken_home)
    await log.owner.execute(
        "UPDATE timeline.entries SET envelope = envelope || ' '::bytea"
        " WHERE entry = (SELECT entry FROM timeline.leaves WHERE index = $1)",
        HELD + 5,
    )
    await _rewrite(log)

    report = await log.verify(taken_home)

    assert {problem.code for problem in report.problems} == {"not-in-the-log", "nobody-said-it"}
    assert report.first_bad_index == HELD + 5


async def test_an_event_made_up_for_the_log_is_shown(log: Log) -> None:
    """Waiting entries become leaves whoever wrote them; but no service said this one."""
    await log.grow(cases(2), 10)
    await log.owner.execute(
        "WITH forged AS (INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " SELECT gen_random_uuid(), case_ref, kind, envelope || ' '::bytea"
        " FROM timeline.entries LIMIT 1 RETURNING entry)"
        " INSERT INTO timeline.waiting SELECT entry FROM forged"
    )
    await log.sequencer.step()

    report = await log.verify(log.outside)

    assert [(problem.code, problem.leaf) for problem in report.problems] == [("nobody-said-it", 10)]


async def test_an_entry_that_was_taken_out_of_the_queue_is_shown(log: Log) -> None:
    await log.grow(cases(2), 10)
    await log.hear([log.said.refusal(cases(1)[0])])
    await log.owner.execute("DELETE FROM timeline.waiting")
    await log.sequencer.step()

    report = await log.verify(log.outside, owner=False)

    assert [problem.code for problem in report.problems] == ["leaf-missing"]
