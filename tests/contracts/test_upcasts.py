"""An old version is read as the newest, one version at a time, and versions have no gaps."""

from typing import ClassVar

import pytest

from throughcare.contracts.facts import PersonReleased
from throughcare.contracts.kinds import MODELS, Data, Event
from throughcare.contracts.upcasts import UPCASTS, Upcast, upcast


class _Moved(Event):
    name: ClassVar[str] = "moved-for-the-test"
    place: str


class _Moved2(Event):
    name: ClassVar[str] = "moved-for-the-test"
    version: ClassVar[int] = 2
    to: str


class _Moved3(Event):
    name: ClassVar[str] = "moved-for-the-test"
    version: ClassVar[int] = 3
    to: str
    surely: bool


for _model in (_Moved, _Moved2, _Moved3):  # only this file knows them
    del MODELS[_model.type]

_TABLE: dict[type[Data], Upcast] = {
    _Moved: lambda old: _Moved2(to=old.place),
    _Moved2: lambda old: _Moved3(to=old.to, surely=True),
}


def test_a_chain_is_followed_to_the_newest_version() -> None:
    assert upcast(_Moved(place="kg-31"), _TABLE) == _Moved3(to="kg-31", surely=True)


def test_what_is_in_its_newest_version_stays_as_it_is() -> None:
    fact = PersonReleased()

    assert upcast(fact) is fact


def test_a_step_that_skips_a_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="was read as"):
        upcast(_Moved(place="x"), {_Moved: lambda old: _Moved3(to=old.place, surely=False)})


def test_every_old_version_has_a_step_and_versions_count_from_one_without_gaps() -> None:
    by_name: dict[tuple[str, str], list[int]] = {}
    for model in MODELS.values():
        by_name.setdefault((model.kind, model.name), []).append(model.version)

    for versions in by_name.values():
        assert sorted(versions) == list(range(1, len(versions) + 1))
    for model in MODELS.values():
        newest = max(by_name[model.kind, model.name])
        assert (model in UPCASTS) == (model.version < newest)
