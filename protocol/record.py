"""The plain records that states are made of."""

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["Record", "replace"]


class Record(Struct, frozen=True, array_like=True):
    """Frozen; kept as an array of its fields, so a field is added at the end and with a default.

    A record that stands for one of several situations carries a tag.
    """
