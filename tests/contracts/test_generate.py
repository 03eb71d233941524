"""What is made from the models is written over what was there."""

from pathlib import Path

import pytest

from throughcare.contracts import generate


def test_every_file_is_written_and_one_of_a_type_that_is_gone_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    gone = tmp_path / "schemas" / "fact.tea-made.v1.schema.json"
    gone.parent.mkdir()
    gone.write_text("{}")

    assert generate.main() == 0
    assert generate.main() == 0

    assert not gone.exists()
    made = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert made == set(generate.files())
