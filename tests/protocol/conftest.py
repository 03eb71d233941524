"""A case to tell a story of."""

from datetime import date

import pytest

from throughcare.tests.protocol.medicine_story import ART, HIV, change_rules
from throughcare.tests.protocol.story import DOSE, OAT, PERMISSIONS, PLAN, Story


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


@pytest.fixture
def oat_in_one_colony(monkeypatch: pytest.MonkeyPatch) -> None:
    """OAT in one colony, since that spring, and not in the other: facts of no country."""
    given = {"kg-31": date(2026, 1, 1), "kg-5": None, "kg-9": date(2027, 1, 1)}
    change_rules(monkeypatch, oat_in_prison_default=False, oat_facilities=given)


@pytest.fixture
def inside(story: Story) -> Story:
    """Release in 60 days, a plan with OAT and ART, nothing sent."""
    story.opened().scheduled(60).consented(*PERMISSIONS, DOSE, HIV)
    return story.planned(*PLAN, OAT, ART)
