"""A country's rules about medicines that must not stop, read from its keys."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from throughcare.contracts.codes import Urgency
from throughcare.protocol.profiles.model import MedicineRules, Span


def medicine_rules(value: Callable[[str], Any]) -> MedicineRules:
    """`value`: of a key by its dotted name; raises KeyError where it is missing."""

    def grace(code: str) -> Mapping[Urgency, Span]:
        short = Span(**value(f"deadlines.{code}.short"))
        urgent = Span(**value(f"deadlines.{code}.urgent"))
        return MappingProxyType({"routine": short, "short": short, "urgent": urgent})

    def days(code: str) -> int:
        amount: int = Span(**value(f"deadlines.{code}.before")).amount
        return amount

    in_prison, take_home = value("oat.in_prison"), value("oat.take_home")
    return MedicineRules(
        oat_community=value("oat.community"),
        oat_in_prison_default=in_prison["default"],
        oat_facilities=MappingProxyType(
            {
                code: None if since is None else date.fromisoformat(str(since))
                for code, since in in_prison["facilities"].items()
            }
        ),
        # Where nothing may be taken home, the last supervised dose is all there is.
        oat_supply_max=take_home["max_days"] if take_home["allowed"] else 0,
        supply_max=value("medicine.supply_max_days"),
        supply_min=Span(**value("deadlines.D14.supply")).amount,
        restart_if_missed_days_gt=value("oat.gap")["restart_if_missed_days_gt"],
        gap_lines=frozenset(value("medicine.gap_lines")),
        missed_from_hour=value("medicine.missed_from_hour"),
        kit_permitted={value("naloxone.community"), value("naloxone.on_release")}
        != {"unavailable"},
        kit_flags=frozenset(value("medicine.kit_flags")),
        decide_before=days("D04"),
        decide_grace=grace("D04"),
        confirm_before=days("D10"),
        confirm_grace=grace("D10"),
        train_before=days("D12"),
        kit_before=days("D13"),
        ask_again_after_days=value("medicine.ask_again_after_days"),
        support=Span(**value("deadlines.D17b.support")),
        contact=Span(**value("deadlines.D17b.contact")),
        facility_hours=value("medicine.facility_hours"),
    )
