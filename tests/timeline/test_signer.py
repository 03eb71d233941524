"""What the signer signs, and what it never does, whatever happened to it or to the database."""

import base64
from pathlib import Path

import pytest

from throughcare.runtime import crash
from throughcare.runtime.errors import SetupError
from throughcare.services.timeline.checkpoint import Checkpoint
from throughcare.services.timeline.merkle import EMPTY_ROOT
from throughcare.services.timeline.signer import state_file
from throughcare.tests.timeline.conftest import Log, cases


async def _tree(log: Log) -> tuple[int, bytes]:
    """Size and root of the log as it stands."""
    report = await log.verify(owner=False)
    return report.leaves, bytes.fromhex(report.root)


async def test_the_same_tree_is_signed_once(log: Log) -> None:
    await log.grow(cases(2), 5)
    size, root = await _tree(log)
    signer = log.new_signer()

    first = await signer.sign(log.connection, size, root)
    second = await signer.sign(log.connection, size, root)

    assert first is not None
    assert log.key.open(first) == Checkpoint(size, root)
    assert second is None


async def test_a_shorter_log_is_not_signed(log: Log) -> None:
    await log.grow(cases(2), 5)
    signer = log.new_signer()

    assert await signer.sign(log.connection, 0, EMPTY_ROOT) is None
    assert signer.refused == "the log is shorter than what was signed"


async def test_another_root_of_the_same_size_is_not_signed(log: Log) -> None:
    await log.grow(cases(2), 5)
    signer = log.new_signer()

    assert await signer.sign(log.connection, 5, b"\1" * 32) is None
    assert signer.refused == "another root of the size that was signed"


async def test_a_longer_log_that_does_not_begin_with_what_was_signed_is_not_signed(
    log: Log,
) -> None:
    await log.grow(cases(2), 5)
    await log.grow(cases(2), 4, sign=False)
    await log.owner.execute(
        "UPDATE timeline.tiles SET hashes = set_byte(hashes, 70, 255 - get_byte(hashes, 70))"
    )
    again = log.new_sequencer()
    await log.sequencer.close()

    await again.step()

    assert again.signer.refused == "the log does not begin with what was signed"
    assert not (log.outside / "9.txt").exists()
    await again.close()


@pytest.mark.parametrize("memory", ["beside the key", "outside", "in the database"])
async def test_one_memory_of_three_is_enough_to_refuse(log: Log, memory: str) -> None:
    await log.grow(cases(2), 5)
    if memory != "beside the key":
        state_file(log.key_file).unlink()
    if memory != "outside":
        for file in log.outside.iterdir():
            file.unlink()
    if memory != "in the database":
        await log.owner.execute("TRUNCATE timeline.checkpoints")
    signer = log.new_signer()

    assert await signer.sign(log.connection, 5, b"\1" * 32) is None
    assert signer.refused is not None


async def test_a_memory_that_cannot_be_read_stops_the_signer(log: Log) -> None:
    await log.grow(cases(2), 5)
    state_file(log.key_file).write_text("{}")

    with pytest.raises(SetupError, match="put it back"):
        await log.new_signer().sign(log.connection, *await _tree(log))


async def test_a_checkpoint_that_somebody_put_into_the_database_is_not_believed(log: Log) -> None:
    await log.grow(cases(2), 5, sign=False)
    note = log.signed_by_hand(99, b"\1" * 32).replace("\n99\n", "\n999\n")
    await log.owner.execute("INSERT INTO timeline.checkpoints VALUES (999, $1)", note)

    await log.sequencer.step()

    assert (log.outside / "5.txt").exists()


async def test_a_crash_after_the_signature_signs_the_same_again(log: Log) -> None:
    await log.grow(cases(2), 5, sign=False)
    crash.arm("log.after_sign:1:RAISE")
    with pytest.raises(crash.CrashError):
        await log.sequencer.step()
    assert not (log.outside / "5.txt").exists()
    log.sequencer = log.new_sequencer()

    await log.grow(cases(2), 3)

    assert [path.name for path in log.outside.glob("*.txt")] == ["8.txt"]
    assert (await log.verify(log.outside)).verified


async def test_a_crash_between_appending_and_signing_loses_nothing(log: Log) -> None:
    crash.arm("log.after_append:1:RAISE")
    with pytest.raises(crash.CrashError):
        await log.grow(cases(2), 5)

    await log.sequencer.step()

    report = await log.verify(log.outside)
    assert report.verified
    assert report.leaves == report.outside_size == 5


async def test_two_notes_of_one_size_both_stay_as_evidence(log: Log) -> None:
    """Somebody else signed with our key: the folder keeps what it had and what we signed."""
    log.outside.mkdir()
    (log.outside / "5.txt").write_text("somebody else's note\n")

    await log.grow(cases(2), 5)

    texts = {path.read_text() for path in log.outside.glob("5*.txt")}
    assert len(texts) == 2
    assert "somebody else's note\n" in texts


async def test_a_signed_file_is_never_written_again(log: Log) -> None:
    await log.grow(cases(2), 5)
    before = (log.outside / "5.txt").read_bytes()
    state_file(log.key_file).unlink()

    await log.new_signer().sign(log.connection, *await _tree(log))

    assert before == (log.outside / "5.txt").read_bytes() == (log.outside / "latest").read_bytes()
    assert (log.outside / "5.txt").stat().st_mode & 0o222 == 0


def test_a_root_is_told_in_the_form_of_the_specification(tmp_path: Path) -> None:
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")

    assert Checkpoint(20852163, root).body() == (
        "throughcare.org/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
