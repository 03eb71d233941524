"""What is sealed, hidden or marked says nothing to who lacks the key, and nothing in another place."""

import pytest

from throughcare.runtime import aliases
from throughcare.runtime.seal import Seal

_SEAL = Seal(bytes(range(32)))


def test_a_name_is_found_again_by_its_own_party_alone() -> None:
    hidden = aliases.hide(_SEAL, "ngo-a", "42/2026")

    assert aliases.hide(_SEAL, "ngo-a", "42/2026") == hidden  # so that it can be looked for
    assert aliases.read(_SEAL, "ngo-a", hidden) == "42/2026"
    assert aliases.read(_SEAL, "ngo-a", None) is None
    assert b"42" not in hidden
    for seal, party, found in (
        (_SEAL, "ngo-b", hidden),
        (Seal(bytes(32)), "ngo-a", hidden),
        (_SEAL, "ngo-a", hidden[:-1] + b"\0"),
        (_SEAL, "ngo-a", hidden[:9]),
        (_SEAL, "ngo-a", b""),
    ):
        with pytest.raises(ValueError, match="cannot be found"):
            aliases.read(seal, party, found)


def test_two_parties_references_look_different_though_they_are_alike() -> None:
    names = {aliases.hide(_SEAL, party, "42/2026") for party in ("ngo-a", "ngo-b", "ngo-")}

    assert len(names) == 3
