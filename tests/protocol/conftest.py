"""A case to tell a story of."""

import pytest

from throughcare.tests.protocol.story import Story


@pytest.fixture
def story() -> Story:
    return Story()
