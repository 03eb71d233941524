"""Whatever anybody does, in whatever order, twice, late or never: no history breaks the rules."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts import intake_events as ie
from throughcare.contracts.codes import ConsentItem, ReceiverType
from throughcare.contracts.consent_events import ConsentNarrowed, ConsentRenewed, ConsentWidened
from throughcare.contracts.envelope import decode, encode
from throughcare.contracts.life_commands import ReopenCase
from throughcare.contracts.rights_events import RIGHTS_EVENTS
from throughcare.protocol.decision import Refused
from throughcare.protocol.release.care import OUTLIVES
from throughcare.protocol.release.promises import key_of, promises
from throughcare.protocol.release.rights import is_forgotten
from throughcare.protocol.release.rules import counted_from
from throughcare.protocol.release.state import (
    PLACED,
    Ended,
    Failed,
    Opening,
    Outside,
    Own,
    Sent,
)
from throughcare.protocol.stage import stage, stage_of
from throughcare.tests.protocol.generated import History, numbers, shortest
from throughcare.tests.protocol.story import CASE, Story
from throughcare.tests.protocol.walking import Fired, Walk

#: How many in the ordinary run, and how many steps each at most.
MANY, STEPS = 2_000, 40
#: The long form: longer ones, about 6 ms each on one core; set another number from outside.
VERY_MANY, LONG_STEPS = int(os.environ.get("THROUGHCARE_HISTORIES", "100000")), 80
#: One process each may take one.
PARTS = 4
#: What looks back on the bytes of a whole history is asked of one in so many.
ONE_IN = 10

_OF_A_RELEASE = ("person-released", "first-contact-made", "treatment-engaged")
_AFTER_THE_END = {
    "deadlines-changed",
    "deadline-missed",
    "escalation-raised",
    "escalation-acknowledged",
    "escalation-cleared",
    "recipient-told",
    "withdrawal-acknowledged",
    *(model.name for model in RIGHTS_EVENTS),
}


# -- what holds at any time ----------------------------------------------------------------------


def at_any_time(history: History) -> None:
    _one_live_set(history)
    _nobody_is_forgotten(history)
    _an_item_is_with_one_receiver(history.story)


def _one_live_set(history: History) -> None:
    state = history.story.release
    live = {key_of(one): one.due_at for one in state.own.live}
    assert len(live) == len(state.own.live), "one promise twice"
    if not isinstance(state.heard, Opening):
        assert not live
        return
    done = {(*key_of(one), one.due_at) for one in state.own.done}
    wanted = {
        key_of(one): one.due_at
        for one in promises(state, history.country.profile)
        if (*key_of(one), one.due_at) not in done
    }
    assert live == wanted, "the live set is what the state promises"
    owing = [one.receiver for one in state.own.recalls]
    assert len(owing) == len(set(owing))
    if is_forgotten(state):
        ended = Ended(state.own.person.reason_code, forgotten=True)
        assert state.own == Own(ended, None, (), (), (), ()), "nothing is left"
    elif isinstance(state.own.person, Ended):
        left = (*state.own.live, *state.own.done, *state.own.escalations)
        assert {one.code for one in left} <= OUTLIVES, "closed means closed"
        assert "D28" in {one.code for one in state.own.live}
        rights = state.own.rights
        owed = owing or rights.accesses or rights.asked_at
        assert owed or not [one for one in state.own.escalations if one.code != "D28"]


def _nobody_is_forgotten(history: History) -> None:
    """72 h after a release, once deadlines ran: contact, or an alarm that stays."""
    own = history.story.release.own
    person = own.person
    if not isinstance(person, Outside) or type(person.contact).__name__ != "NotMet":
        return
    if any(one.due_at <= history.story.now for one in own.live):
        return  # deadlines have not run yet
    if history.story.now >= counted_from(person) + timedelta(hours=72):
        assert any((one.code, one.step) == ("D17", 72) for one in own.escalations)


def _an_item_is_with_one_receiver(story: Story) -> None:
    referrals = story.release.own.referrals
    held = [one.item for one in referrals if isinstance(one.stand, PLACED)]
    assert len(held) == len(set(held)), "one item, two receivers"
    assert not {one.item for one in referrals if isinstance(one.stand, Sent)} & set(held)
    said_no: set[tuple[int, str]] = set()
    for one in referrals:
        assert (one.item, one.receiver) not in said_no, "asked twice"
        if isinstance(one.stand, Failed) and not one.stand.lapsed:
            said_no.add((one.item, one.receiver))


# -- what holds of a whole history ---------------------------------------------------------------


def in_the_end(history: History, closely: bool) -> set[Fired]:
    """`closely`: also what takes long. Returns the steps of the table that were taken."""
    story = history.story
    walk = Walk().through(story)
    if not story.undelivered:
        assert stage(walk.course) == stage_of(story.intake, story.release)
    _is_named_by_permission(story)
    _happens_once(story)
    _is_over_at_the_end(history)
    for name, half in story.halves.items():
        assert half.load(half.dump(story.states[name])) == story.states[name]
    if closely:
        _is_the_same_however_the_streams_were_mixed(story)
        for message in story.said:
            assert decode(encode(message)) == message
    return walk.fired


def _is_named_by_permission(story: Story) -> None:
    """No event names a receiver that the consent known at that moment does not reach."""
    allowed: tuple[ConsentItem, ...] = ()
    asked: set[str] = set()
    for name, message in story.steps:
        data: Any = message.data
        if name == "release" and message.source == "/services/intake":
            match data:
                case ie.ConsentGranted() | ConsentNarrowed() | ConsentWidened() | ConsentRenewed():
                    allowed = data.items
                case _ if data.name in _NO_MORE:
                    allowed = ()
        if message.source != "/services/release" or name != "release":
            continue
        if data.name in ("referral-sent", "waiting-place-taken"):
            assert _reaches(allowed, data.receiver, data.receiver_type), data.name
            asked.add(data.receiver)
        named = {getattr(data, field, None) for field in ("receiver", "to_party")} - {None}
        assert named <= asked, data.name


_NO_MORE = {"consent-refused", "consent-withdrawn", "consent-expired", "case-reopened"}


def _reaches(allowed: tuple[ConsentItem, ...], party: str, kind: ReceiverType) -> bool:
    return any(one.receiver_type == kind and one.party in (None, party) for one in allowed)


def _happens_once(story: Story) -> None:
    names = [message.data.name for message in story.said]
    for once in ("case-opened", "consent-granted", "placement-started", *_OF_A_RELEASE):
        # once a life: a reopened case, or a release that was taken back, begins another
        again = ["case-reopened"] if once == "consent-granted" else ["episode-resumed"]
        again += ["release-reversed"] if once in _OF_A_RELEASE else []
        assert names.count(once) <= 1 + sum(names.count(name) for name in again), once


def _is_over_at_the_end(history: History) -> None:
    story = history.story
    ended = forgotten = False
    for message in story.said:
        if message.source == "/services/release":
            name = message.data.name
            assert not forgotten, name
            forgotten = name == "case-forgotten"
            assert not ended or name == "episode-resumed" or name in _AFTER_THE_END, name
            ended = name == "case-closed" or (ended and name != "episode-resumed")
    if forgotten and not story.undelivered:
        for data, party, role, _ in history.told[-3:]:
            assert isinstance(story.tell(data, party, role), Refused), data
        return
    if not isinstance(story.release.own.person, Ended) or story.undelivered:
        return
    for data, party, role, at in history.told[-3:]:
        if not isinstance(data, ReopenCase):
            before = len(story.said)
            story.tell(data, party, role, at=at)
            new = {message.data.name for message in story.said[before:]}
            assert new <= _AFTER_THE_END, (data, new)


def _is_the_same_however_the_streams_were_mixed(story: Story) -> None:
    for name, half in story.halves.items():
        mine = [m for n, m in story.steps if n == name and m.source == f"/services/{name}"]
        theirs = [m for n, m in story.steps if n == name and m.source != f"/services/{name}"]
        first = second = half.initial(CASE)
        for message in mine:
            first = half.evolve(first, message)
        for message in theirs:
            first, second = half.hear(first, message), half.hear(second, message)
        for message in mine:
            second = half.evolve(second, message)
        assert first == second == story.states[name]


# -- very many of them ---------------------------------------------------------------------------


def tell(one: tuple[int, ...], closely: bool = True) -> set[Fired]:
    history = History(one, at_any_time).run()
    at_any_time(history)
    return in_the_end(history, closely)


def _breaks(one: tuple[int, ...]) -> bool:
    try:
        tell(one)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return True
    return False


def told(first: int, many: int, steps: int = STEPS) -> set[Fired]:
    """The steps of the table that so many histories took. The first that breaks a rule is shortened

    and raised, with the numbers by which it can be told again.
    """
    fired: set[Fired] = set()
    for seed in range(first, first + many):
        one = numbers(seed, steps)
        try:
            fired |= tell(one, closely=seed % ONE_IN == 0)
        except Exception as error:
            short = shortest(one, _breaks) if _breaks(one) else one
            history = History(short, lambda _: None)
            error.add_note(f"tell({short}), from seed {seed}:")
            try:
                history.run()
            except Exception as again:  # noqa: BLE001 - the same as before
                error.add_note(f"ended by {type(again).__name__}")
            for step in history.told:
                error.add_note(f"  {step}")
            raise
    return fired


def test_no_history_breaks_the_rules() -> None:
    assert told(0, MANY)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_history_of_very_many_breaks_the_rules(part: int) -> None:
    many = VERY_MANY // PARTS
    assert told(1_000_000 + part * many, many, LONG_STEPS)


def test_a_history_that_breaks_a_rule_is_told_in_few_steps() -> None:
    def has_release(one: tuple[int, ...]) -> bool:
        return "person-released" in History(one, at_any_time).run().story.types()

    long = next(one for one in map(numbers, range(99), [40] * 99) if _comes_late(one, has_release))

    short = shortest(long, has_release)

    assert has_release(short)
    assert len(short) < len(long)
    assert not any(has_release(short[:n] + short[n + 1 :]) for n in range(1, len(short)))


def _comes_late(one: tuple[int, ...], has_release: Callable[[tuple[int, ...]], bool]) -> bool:
    return len(one) > 10 and has_release(one) and not has_release(one[:6])
