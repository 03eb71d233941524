"""What keys of a profile must say together: each alone may be well formed and the whole still wrong."""

from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from throughcare.contracts.codes import DeadlineCode, ReceiverType
from throughcare.protocol.disclosure import TABLE
from throughcare.protocol.profiles.model import Key
from throughcare.protocol.profiles.reading import Problem

#: Without these no decision can be made.
_NEEDED = (
    "country",
    "protocol_version",
    "standing",
    "time_zone",
    "calendar.weekend",
    "calendar.holidays",
    "languages",
    "monitoring_body",
)
#: Texts that people read: in these languages at least.
_TEXTS = (
    *("words.case_label", "words.mahalla_label", "monitoring_body"),
    *("data.law", "data.breach_notice"),
    *("risks.compulsory_treatment", "risks.register", "risks.sudden_release"),
)
_SPOKEN = ("en", "ru")


def senseless(base: Mapping[str, Key], own: Mapping[str, Key], file: str) -> Iterator[Problem]:
    """Mistakes between keys; each key is known to be well formed."""
    keys = {**base, **own}

    def at(name: str) -> Any:
        return keys[name].value

    def wrong(name: str, text: str) -> Problem:
        return Problem(keys[name].file, keys[name].line, f"{name} {text}")

    missing = [name for name in _NEEDED if name not in keys]
    missing += [f"deadlines.{code}.escalates" for code in _unalarmed(keys)]
    for name in missing:
        yield Problem(file, 1, f"{name} is missing")
    if missing:
        return
    if not at("protocol_version").startswith(f"{at('country').lower()}-"):
        yield wrong("protocol_version", f"is not of {at('country')}")
    known = {name.split(".")[1] for name in base if name.startswith("deadlines.")}
    for name in own:
        if name.startswith("deadlines.") and name.split(".")[1] not in known:
            yield wrong(name, "is of a deadline that base.yaml does not know")
    for name in keys:
        for told in _silent_steps(name, keys):
            yield wrong(name, f"names a step of which nobody would be told: {told} is missing")
    receivers = {
        name.removeprefix("receivers."): key.value
        for name, key in keys.items()
        if name.startswith("receivers.") and key.value is not None
    }
    for name, key in keys.items():
        if name.startswith("services.") and key.value is not None:
            for receiver in key.value["receivers"]:
                if receiver not in receivers:
                    yield wrong(name, f"names {receiver}, which is no receiver in this country")
                elif not _is_enough(receivers[receiver], key.value):
                    yield wrong(name, f"needs more than {receiver} may ever get")
    for receiver, rule in receivers.items():
        given = set(TABLE.receives[cast(ReceiverType, receiver)].classes)
        if never := sorted(set(rule["classes"]) - given):
            yield wrong(
                f"receivers.{receiver}",
                f"lets a consent allow {', '.join(never)}, which disclosure.yaml never gives there",
            )
    for code in at("programmes.active"):
        about = keys.get(f"programme_rules.{code}")
        if about is None or about.value["state"] == "idea":
            yield wrong("programmes.active", f"names {code}, in which nobody can be enrolled")
    effect = at("consent.legal_effect")
    for receiver in effect["receivers"]:
        if receiver not in receivers:
            yield wrong("consent.legal_effect", f"names {receiver}, which is no receiver here")
    if effect["receivers"]:
        yield from _untranslated("consent.legal_effect", effect["text"], keys)
    for name in _TEXTS:
        if name in keys and at(name) is not None:
            yield from _untranslated(name, at(name), keys)
    if "oat" in {name.removeprefix("services.") for name in own} and not at("oat.community"):
        yield wrong("oat.community", "is false, and yet services.oat is offered")
    for language, terms in at("words.denied").items():
        label = at("words.case_label").get(language, "").lower()
        if any(term.lower() in label for term in terms):
            yield wrong("words.case_label", "holds a word that words.denied forbids")


def _is_enough(receiver: Mapping[str, Any], service: Mapping[str, Any]) -> bool:
    """Papers and an allowance are also had where nobody learns a name: the person goes there."""
    if not receiver["care"] and service["purpose"] == "social":
        return True
    return set(service["classes"]) <= set(receiver["classes"])


def _unalarmed(keys: Mapping[str, Key]) -> list[str]:
    """Deadlines of which nobody would be told."""
    return [
        code
        for code in get_args(DeadlineCode)
        if not any(name.startswith(f"deadlines.{code}.escalates") for name in keys)
    ]


def _silent_steps(name: str, keys: Mapping[str, Key]) -> Iterator[str]:
    """Where each step of a deadline has an alarm of its own, the keys of those that have none."""
    deadline, _, part = name.rpartition(".")
    if part == "steps" and f"{deadline}.escalates" not in keys:
        for step in keys[name].value:
            if f"{deadline}.escalates_{step}" not in keys:
                yield f"{deadline}.escalates_{step}"


def _untranslated(name: str, text: Mapping[str, str], keys: Mapping[str, Key]) -> Iterator[Problem]:
    for language in _SPOKEN:
        if not text.get(language, "").strip():
            yield Problem(keys[name].file, keys[name].line, f"{name} has no text in {language}")
