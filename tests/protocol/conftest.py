"""A case to tell a story of."""

import pytest

from throughcare.tests.protocol.story import Story


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def released(story: Story) -> Story:
    """Out after two months, with a plan and one receiver that accepted."""
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.after(days=60)
    return story.released()
