"""The answer, for people: one column, or two where something was to be otherwise."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from throughcare.cli.simulate.tally import INDICATORS, SMALLEST, Share, Spread, Tally
from throughcare.cli.simulate.wish import Wish, told

_HIDDEN = f"under {SMALLEST}"


def print_answer(
    console: Console, wish: Wish, version: str, tallies: Sequence[Tally], seconds: float
) -> None:
    """`tallies`: as it is, and with the changes where there are any."""
    first = tallies[0]
    console.rule("[bold]synthetic cohort: nobody in it exists")
    console.print(
        f"{wish.country}, rules {version}, seed {wish.seed}: {first.cases:,} cases, followed for"
        f" {wish.days} days after the last release; {sum(one.events for one in tallies):,} events"
        f" in {seconds:.1f} s",
        highlight=False,
    )
    if wish.changes:
        console.print(f"changed: {told(wish.changes)}", highlight=False, markup=False)
    heads = ["as it is", "changed"] if len(tallies) > 1 else [""]
    table = Table(box=None, title="people and medicines", title_justify="left")
    _heads(table, heads, more="of")
    table.add_row("  released with consent", *(_count(t.with_consent) for t in tallies), "")
    for name, label in INDICATORS.items():
        shares = [tally.share(name) for tally in tallies]
        table.add_row(f"  {label}", *map(_share, shares), " / ".join(_count(s.of) for s in shares))
    gaps = [tally.gap_days for tally in tallies]
    table.add_row("  days without, until taken again: median, 9 of 10", *map(_spread, gaps), "")
    console.print(table)
    console.print(_referrals(tallies, heads))
    console.print(_deadlines(tallies, heads))
    console.print(_counts("escalations", heads, _escalations(tallies)))
    console.print(_exits("left before the follow-up was over", tallies, heads))
    left_out = first.share("lost_180d").left_out
    console.print(
        f"Left out of shares at day 180 as it is: {_count(left_out)} who died or went back inside."
        f" Nothing is told of fewer than {SMALLEST}.",
        style="dim",
        highlight=False,
    )


def _heads(table: Table, heads: Sequence[str], more: str = "") -> None:
    table.add_column("")
    for head in heads:
        table.add_column(head, justify="right")
    if more:
        table.add_column(more, justify="right", style="dim")


def _referrals(tallies: Sequence[Tally], heads: Sequence[str]) -> Table:
    table = Table(box=None, title="referrals", title_justify="left")
    _heads(table, heads)
    for kind in ("sent", "accepted", "declined", "expired"):
        table.add_row(f"  {kind}", *(_count(one.referrals[kind]) for one in tallies))
    table.add_row("  accepted, of all sent", *(_share(one.accepted) for one in tallies))
    hours = (_spread(one.hours_to_acceptance) for one in tallies)
    table.add_row("  hours to acceptance: median, 9 of 10", *hours)
    return table


def _deadlines(tallies: Sequence[Tally], heads: Sequence[str]) -> Table:
    table = Table(box=None, title="deadlines: met / came due / waived", title_justify="left")
    _heads(table, heads)
    for code in sorted({code for one in tallies for code in one.deadlines}):
        cells = []
        for tally in tallies:
            found = tally.deadlines[code] if code in tally.deadlines else Counter[str]()
            kept = [found[kind] for kind in ("met", "missed", "waived")]
            few = 0 < sum(kept) < SMALLEST
            cells.append(_HIDDEN if few else " / ".join(f"{one:,}" for one in kept))
        table.add_row(f"  {code}", *cells)
    return table


def _escalations(tallies: Sequence[Tally]) -> Iterable[tuple[str, list[int]]]:
    for level, who in ((1, "the organisation"), (2, "the coordinator"), (3, "monitors, in counts")):
        if any(tally.escalations[level] for tally in tallies):
            yield f"level {level}, {who}", [tally.escalations[level] for tally in tallies]
    yield "acknowledged", [tally.acknowledged for tally in tallies]


def _counts(title: str, heads: Sequence[str], rows: Iterable[tuple[str, list[int]]]) -> Table:
    table = Table(box=None, title=title, title_justify="left")
    _heads(table, heads)
    for name, counts in rows:
        table.add_row(f"  {name}", *map(_count, counts))
    return table


def _exits(title: str, tallies: Sequence[Tally], heads: Sequence[str]) -> Table:
    names = dict.fromkeys(name for one in tallies for name, _ in one.early_exits.most_common())
    return _counts(title, heads, ((name, [t.early_exits[name] for t in tallies]) for name in names))


def _count(number: int) -> str:
    return _HIDDEN if 0 < number < SMALLEST else f"{number:,}"


def _share(one: Share) -> str:
    if one.is_hidden:
        return _HIDDEN
    return "-" if one.value is None else f"{one.value:.1%}"


def _spread(one: Spread) -> str:
    if one.median is None:
        return _HIDDEN if one.of else "-"
    return f"{one.median:g}, {one.ninth:g}"
