"""The tree against RFC 6962: published roots, and a second computation of every proof."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughcare.services.timeline.merkle import (
    EMPTY_ROOT,
    HASH,
    Edge,
    TileAt,
    consistency_ranges,
    inclusion_ranges,
    incomplete,
    is_consistent,
    leaf_hash,
    prove,
    range_hash,
    root_from_inclusion,
)
from throughcare.tests.timeline import oracle

#: The inputs and roots of Certificate Transparency's own test (merkletree, "RFC 6962 vectors").
_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

#: Sizes around every edge of tiles and levels, and any other.
_SIZES = st.one_of(
    st.sampled_from([1, 2, 3, 255, 256, 257, 511, 512, 513, 767, 1023, 1025]), st.integers(1, 700)
)


def _grown(records: list[bytes], step: int = 97) -> tuple[Edge, dict[TileAt, bytes]]:
    edge, tiles = Edge(), dict[TileAt, bytes]()
    hashes = [leaf_hash(record) for record in records]
    for at in range(0, len(hashes), step):
        tiles |= edge.extend(hashes[at : at + step])
    return edge, tiles


def _records(size: int) -> list[bytes]:
    return [b"%d" % n for n in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    edge, _ = _grown(_INPUTS[:size])

    assert edge.root().hex() == _ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert expected == EMPTY_ROOT.hex() == Edge().root().hex()


def test_a_leaf_is_hashed_unlike_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    edge, _ = _grown([b"a", b"b"])

    assert leaf_hash(left + right) != edge.root()


@given(size=_SIZES, step=st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_a_tree_is_the_same_in_whatever_batches_it_grew(size: int, step: int) -> None:
    records = _records(size)
    edge, tiles = _grown(records, step)
    wanted = incomplete(size)
    again = Edge(size, [tiles[at][: count * HASH] if count else b"" for at, count in wanted])

    assert oracle.tree_hash(records) == edge.root() == again.root()


@given(size=_SIZES, data=st.data())
@settings(max_examples=30, deadline=None)
def test_inclusion_is_proved_for_every_leaf_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    records = _records(size)
    edge, tiles = _grown(records)
    proof = prove(inclusion_ranges(index, size), tiles)

    assert oracle.path(index, records) == proof
    assert root_from_inclusion(index, size, leaf_hash(records[index]), proof) == edge.root()
    assert root_from_inclusion(index, size, leaf_hash(b"another"), proof) != edge.root()
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with contextlib.suppress(ValueError):
            assert root_from_inclusion(other, size, leaf_hash(records[index]), proof) != edge.root()


@given(new=_SIZES, data=st.data())
@settings(max_examples=30, deadline=None)
def test_consistency_is_proved_between_any_two_sizes(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    records = _records(new)
    edge, tiles = _grown(records)
    old_root = range_hash(0, old, tiles)
    proof = prove(consistency_ranges(old, new), tiles)

    assert oracle.tree_hash(records[:old]) == old_root
    assert (oracle.proof(old, records) if old else []) == proof
    assert is_consistent(old, old_root, new, edge.root(), proof)
    assert not is_consistent(old, leaf_hash(b"x"), new, edge.root(), proof)
    assert not is_consistent(old, old_root, new, leaf_hash(b"x"), proof) or old == 0
    assert not is_consistent(old, old_root, new, edge.root(), [*proof, leaf_hash(b"x")])
    if proof:
        assert not is_consistent(old, old_root, new, edge.root(), proof[:-1])


@given(new=_SIZES, data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_rewritten_past_has_no_consistency_proof(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    records = _records(new)
    old_root = oracle.tree_hash(records[:old])
    records[changed] = b"something else"
    edge, tiles = _grown(records)
    proof = prove(consistency_ranges(old, new), tiles)

    assert not is_consistent(old, old_root, new, edge.root(), proof)


def test_a_shrunken_tree_is_consistent_with_nothing() -> None:
    with pytest.raises(ValueError, match="does not shrink"):
        consistency_ranges(3, 2)
    assert not is_consistent(3, EMPTY_ROOT, 2, EMPTY_ROOT, [])


def test_tiles_of_another_size_are_refused() -> None:
    _, tiles = _grown(_records(300))

    with pytest.raises(ValueError, match="do not belong"):
        Edge(301, [tiles[TileAt(0, 1)], tiles[TileAt(1, 0)]])
