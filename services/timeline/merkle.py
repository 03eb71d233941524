"""The Merkle tree of RFC 6962: hashing, growing, and proofs between two sizes or for one leaf.

Hashes of complete subtrees are kept in *tiles* of 256, eight levels high: tile n of level L holds
the hashes of the subtrees over leaves [(256 n + i) · 256^L, (256 n + i + 1) · 256^L). So growing
by a batch touches one tile a level, and a proof reads O(log n) tiles.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH = 32
_HEIGHT = 8
WIDTH = 1 << _HEIGHT
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(record: bytes) -> bytes:
    return sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class TileAt(NamedTuple):
    level: int
    number: int


class Subtree(NamedTuple):
    """A complete subtree over leaves [number · 2^height, (number + 1) · 2^height)."""

    height: int
    number: int


class Edge:
    """The right edge of a growing tree: for each level its last, still incomplete tile."""

    def __init__(self, size: int = 0, tiles: Sequence[bytes] = ()) -> None:
        """`tiles`: the incomplete tile of each level, from the leaves up, as `incomplete` names them."""
        self.size = size
        self._levels: list[list[bytes]] = [_split(tile) for tile in tiles]
        lengths = [len(level) for level in self._levels]
        wanted = [len_ for _, len_ in incomplete(size)]
        if lengths[: len(wanted)] != wanted or any(lengths[len(wanted) :]):
            raise ValueError("these tiles do not belong to a tree of this size")

    def extend(self, hashes: Sequence[bytes]) -> dict[TileAt, bytes]:
        """Append leaf hashes; returns every tile that changed, whole."""
        changed: dict[TileAt, bytes] = {}
        self._push(0, self.size, hashes, changed)
        self.size += len(hashes)
        return changed

    def _push(
        self, level: int, before: int, hashes: Sequence[bytes], changed: dict[TileAt, bytes]
    ) -> None:
        """Put `hashes` behind the `before` that this level has had so far."""
        if not hashes:
            return
        if len(self._levels) == level:
            self._levels.append([])
        open_tile = self._levels[level]
        number = before >> _HEIGHT
        whole: list[bytes] = []
        start = 0
        while start < len(hashes):
            take = hashes[start : start + WIDTH - len(open_tile)]
            start += len(take)
            open_tile.extend(take)
            changed[TileAt(level, number)] = b"".join(open_tile)
            if len(open_tile) == WIDTH:
                whole.append(_top(open_tile))
                open_tile.clear()
                number += 1
        self._push(level + 1, before >> _HEIGHT, whole, changed)

    def root(self) -> bytes:
        """Of the tree as it is."""
        root: bytes | None = None
        for level in self._levels:
            end = len(level)
            width = 1
            while end:
                if end & width:
                    part = _top(level[end - width : end])
                    root = part if root is None else node_hash(part, root)
                    end -= width
                width <<= 1
        return EMPTY_ROOT if root is None else root


def incomplete(size: int) -> list[tuple[TileAt, int]]:
    """The last tile of each level of a tree of `size`, and how many hashes it holds (fewer than 256)."""
    found = []
    level = 0
    while size:
        found.append((TileAt(level, size >> _HEIGHT), size & WIDTH - 1))
        size >>= _HEIGHT
        level += 1
    return found


# -- proofs ---------------------------------------------------------------------------------------

#: A proof is made of the hashes of these ranges [begin, end) of leaves.
Range = tuple[int, int]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    ranges: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split_point(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(old, D[new]) of RFC 6962 §2.1.2; empty where there is nothing to prove."""
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    if old in (0, new):
        return []
    ranges: list[Range] = []
    begin, end, whole = 0, new, True
    while old != end:
        middle = begin + _split_point(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
            whole = False
    if not whole:
        ranges.append((begin, end))
    ranges.reverse()
    return ranges


def tiles_for(ranges: Iterable[Range]) -> set[TileAt]:
    """The tiles that `range_hash` needs for these ranges."""
    return {_place(part)[0] for begin, end in ranges for part in _cover(begin, end)}


def range_hash(begin: int, end: int, tiles: Mapping[TileAt, bytes]) -> bytes:
    """The hash of leaves [begin, end), a range that some proof names, from tiles.

    Raises KeyError where a tile is missing, ValueError where one is too short.
    """
    root: bytes | None = None
    for part in reversed(_cover(begin, end)):
        at, first, width = _place(part)
        hashes = _split(tiles[at][first * HASH : (first + width) * HASH])
        if len(hashes) != width:
            raise ValueError("a tile is too short")
        top = _top(hashes)
        root = top if root is None else node_hash(top, root)
    return EMPTY_ROOT if root is None else root


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to; ValueError where its length is wrong."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    last = size - 1
    root = leaf
    steps = iter(proof)
    try:
        while last:
            if index & 1:
                root = node_hash(next(steps), root)
            elif index < last:
                root = node_hash(root, next(steps))
            index >>= 1
            last >>= 1
    except StopIteration:
        raise ValueError("the proof is too short") from None
    if next(steps, None) is not None:
        raise ValueError("the proof is too long")
    return root


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and (old_root == new_root if old == new else old_root == EMPTY_ROOT)
    steps = list(proof)
    if old & old - 1 == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    seen_old = seen_new = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if first & 1 or first == last:
            seen_old = node_hash(step, seen_old)
            seen_new = node_hash(step, seen_new)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            seen_new = node_hash(seen_new, step)
        first >>= 1
        last >>= 1
    return last == 0 and seen_old == old_root and seen_new == new_root


# -- parts ----------------------------------------------------------------------------------------


def _split_point(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _cover(begin: int, end: int) -> list[Subtree]:
    """[begin, end) as complete subtrees from left to right; `begin` is where one of its size begins."""
    parts = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        parts.append(Subtree(height, begin >> height))
        begin += 1 << height
    return parts


def _place(part: Subtree) -> tuple[TileAt, int, int]:
    """The tile that holds a subtree, its first hash in there, and how many."""
    level, rest = divmod(part.height, _HEIGHT)
    first = part.number << rest
    return TileAt(level, first >> _HEIGHT), first & WIDTH - 1, 1 << rest


def _split(tile: bytes) -> list[bytes]:
    return [tile[at : at + HASH] for at in range(0, len(tile), HASH)]


def _top(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4 … 256 hashes. The inner loop of everything here: hence no calls."""
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + hashes[at] + hashes[at + 1]).digest()
            for at in range(0, len(hashes), 2)
        ]
    return hashes[0]


def prove(ranges: Sequence[Range], tiles: Mapping[TileAt, bytes]) -> list[bytes]:
    """The hashes of a proof."""
    return [range_hash(begin, end, tiles) for begin, end in ranges]


def root_ranges(size: int) -> list[Range]:
    """What `range_hash` needs for the root of an earlier size."""
    return [(0, size)] if size else []
