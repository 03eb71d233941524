"""Models made of what was validated when it came in: a state, a profile, the calendar."""

from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)
_put = object.__setattr__


def trusted(model: type[Model], **fields: Any) -> Model:
    """As `model(**fields)`, without reading the values again: a third of the time.

    For what is said so often that it counts. Every field is given; moments are in UTC.
    """
    made = model.__new__(model)
    _put(made, "__dict__", fields)
    _put(made, "__pydantic_fields_set__", set(fields))
    _put(made, "__pydantic_extra__", None)
    _put(made, "__pydantic_private__", None)
    return made
