"""What the vault holds of a person, by class: the only types with identity or health in them.

They stand in no contract, on no topic and in no log. National numbers, diagnoses, offences and
photographs have no field here on purpose (docs/privacy.md).
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from throughcare.contracts.codes import DataClass


def _printable(text: str) -> str:
    if not all(sign.isprintable() for sign in text):
        raise ValueError("control characters are not text")
    return text


_Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(_printable),
]
_Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(_printable),
]
_Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,25}$")]
_Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2100, 1, 1))]


class Details(BaseModel):
    """One class of what is known of a person. Nothing in it is shown when it is printed by mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    data_class: ClassVar[DataClass]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Identity(Details):
    """P1: who it is, and how they want to be reached."""

    data_class: ClassVar[DataClass] = "P1"
    given_name: _Name
    family_name: _Name | None = None
    patronymic: _Name | None = None
    birth_date: _Day | None = None
    phones: Annotated[tuple[_Phone, ...], Field(max_length=5)] = ()
    address: _Words | None = None
    #: How the person wants to be found: through whom, where, when not.
    reach: _Words | None = None


class SocialNeeds(Details):
    """P2: what is needed besides care."""

    data_class: ClassVar[DataClass] = "P2"
    housing: _Words | None = None
    documents: _Words | None = None
    income: _Words | None = None
    family: _Words | None = None


class Medicine(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    line: Literal["oat", "art", "tb", "hcv", "psych", "other"]
    name: _Name
    dose: _Name
    last_taken_on: _Day | None = None

    def __repr__(self) -> str:
        return "Medicine(…)"

    __str__ = __repr__


class Health(Details):
    """P3: health in connection with drug use."""

    data_class: ClassVar[DataClass] = "P3"
    medicines: Annotated[tuple[Medicine, ...], Field(max_length=20)] = ()
    care: _Words | None = None


class OtherHealth(Details):
    """P4: HIV, tuberculosis, hepatitis, psychiatric."""

    data_class: ClassVar[DataClass] = "P4"
    medicines: Annotated[tuple[Medicine, ...], Field(max_length=20)] = ()
    care: _Words | None = None


DETAILS: dict[str, type[Details]] = {
    model.data_class: model for model in (Identity, SocialNeeds, Health, OtherHealth)
}
