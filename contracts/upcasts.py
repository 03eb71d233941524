"""Older versions of what was said, read as today's.

A stored event is never rewritten. When a type gets a new version, the old model stays registered
and a function from its data to the next version's stands here; a reader asks `upcast` and gets
the newest. Chains are followed one version at a time.
"""

from collections.abc import Callable, Mapping
from typing import Any

from throughcare.contracts.kinds import Data

Upcast = Callable[[Any], Data]

#: From a version's model to data of the next version. Empty: every type is in its first version.
UPCASTS: Mapping[type[Data], Upcast] = {}


def upcast(data: Data, table: Mapping[type[Data], Upcast] = UPCASTS) -> Data:
    """The same said in the newest version. Raises ValueError where a step skips a version."""
    while (step := table.get(type(data))) is not None:
        newer = step(data)
        if newer.name != data.name or newer.version != data.version + 1:
            raise ValueError(f"{data.type} was read as {newer.type}")
        data = newer
    return data
