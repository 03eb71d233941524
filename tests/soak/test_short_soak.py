"""The soak's short form, for `make test-long`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_minute_of_kills_restarts_and_a_wipe_loses_doubles_and_reorders_nothing(
    tmp_path: Path,
) -> None:
    report = tmp_path / "soak.json"
    done = subprocess.run(
        [
            sys.executable, "-Im", "throughcare.tests.soak",
            "--seconds", "60", "--people", "20", "--json", str(report),
        ],
        timeout=540,
        check=False,
    )  # fmt: skip

    told = json.loads(report.read_text())
    assert (told["lost"], told["doubled"], told["reordered"], told["wrong"]) == (0, 0, 0, [])
    assert told["verified"]
    assert done.returncode == 0
