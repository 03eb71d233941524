"""What libraries log: their words, of the values the kinds of errors only, and no false alarm."""

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import logging
from aiokafka.errors import GroupCoordinatorNotAvailableError
from throughcare.runtime import log

log.configure("intake")
logging.getLogger("some.library").error({template!r}, {value})
"""


@pytest.mark.parametrize(
    ("template", "value", "level", "text"),
    [
        ("failed: %s", "GroupCoordinatorNotAvailableError('KG27-1')", "info",
         "failed: GroupCoordinatorNotAvailableError"),
        ("failed: %s", "ValueError('KG27-1')", "error", "failed: ValueError"),
        ("no case %s", "'KG27-1'", "error", "no case …"),
        ("%d cases", "3", "error", "%d cases"),
    ],
)  # fmt: skip
def test_a_library_is_heard_without_its_values(
    template: str, value: str, level: str, text: str
) -> None:
    program = _PROGRAM.format(template=template, value=value)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    told = json.loads(done.stderr)
    assert (told["text"], told["level"]) == (text, level)
    assert "KG27-1" not in done.stderr
