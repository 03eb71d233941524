"""The README's examples, one by one."""

import re

from throughcare.tests.docs.pages import blocks


def shell_example(containing: str) -> str:
    """The shell block that contains this text."""
    (found,) = [block for block in blocks("README.md", "sh") if containing in block]
    return found


def posted_fact() -> str:
    """The JSON that the first curl example sends."""
    found = re.search(r"--data '(.*?)'", shell_example("/v1/facts"), re.DOTALL)
    assert found is not None
    return found[1]


def kafka_example() -> str:
    """The Python that sends a fact by Kafka."""
    (found,) = blocks("README.md", "python")
    return found
