"""What the demo prints: where everybody is while it runs, and the end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self, get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from throughcare.cli.cohort.course import Course
from throughcare.cli.demo.report import Report
from throughcare.protocol.stage import Stage

_STAGES: tuple[Stage, ...] = get_args(Stage)
#: Without a terminal: one line in so many days.
_LINE_DAYS = 30
#: Of the one timeline that is shown.
_LINES = 70
#: Bookkeeping that a reader of one story can do without.
_QUIET = ("deadlines-changed", "notice-sent", "notice-withheld")


class Live:
    """A bar of the domain days gone, and who is where; on stderr."""

    def __init__(
        self, console: Console, courses: Sequence[Course], begin: datetime, end: datetime
    ) -> None:
        self._console = console
        self._courses = courses
        self._day_of = courses[0].grid.day_of
        self._begin = self._day_of(begin)
        self._days = max((self._day_of(end) - self._begin).days, 1)
        self._told = -_LINE_DAYS
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[where]}"),
            console=console,
            refresh_per_second=8,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(str(self._begin), total=self._days, where="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, now: datetime) -> None:
        day = self._day_of(now)
        gone = (day - self._begin).days
        where = where_everybody_is(self._courses)
        self._progress.update(self._task, description=str(day), completed=gone, where=where)
        if not self._console.is_terminal and gone - self._told >= _LINE_DAYS:
            self._told = gone
            self._console.print(f"{day}  {where}", highlight=False, soft_wrap=True)


def where_everybody_is(courses: Iterable[Course]) -> str:
    counts = Counter(course.stage for course in courses if not course.is_new)
    coming = sum(course.is_new for course in courses)
    parts = [f"{stage} {counts[stage]}" for stage in _STAGES if counts[stage]]
    return " · ".join([f"to come {coming}", *parts] if coming else parts)


def print_report(console: Console, report: Report) -> None:
    """The end, for people."""
    console.rule("[bold]synthetic cohort: nobody in it exists")
    console.print(
        f"{report.cases} cases, seed {report.seed}, {report.first_day} to {report.last_day}"
        f" in {report.seconds.get('lived', 0):.0f} s; {report.commands} facts and commands,"
        f" {report.events} events"
    )
    console.print(_pairs("cases by outcome", report.by_outcome))
    console.print(_referrals(report))
    console.print(_deadlines(report))
    escalations = report.escalations
    console.print(
        f"escalations: {escalations.raised} raised, {escalations.acknowledged} acknowledged by a"
        f" human, {escalations.cleared} cleared, {escalations.open} open"
    )
    console.print(f"notifications: {_listed(report.notifications)}")
    if report.refused:
        console.print(f"refused steps: {_listed(report.refused)}")
    console.print(_indicators(report))
    console.print(
        f"events lost {report.events_lost}, doubled {report.events_doubled},"
        f" reordered {report.events_reordered}; dead letters {report.dead_letters}"
    )
    for line in report.found:
        console.print(f"  [red]{line}")
    console.print(
        f"log of {report.leaves} leaves: "
        + ("[green]verified" if report.verified else "[red]NOT verified")
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _pairs(title: str, counts: dict[str, int]) -> Table:
    table = Table(title=title, title_justify="left", box=None, show_header=False)
    for name, count in counts.items():
        table.add_row(f"  {name}", str(count))
    return table


def _referrals(report: Report) -> str:
    found = report.referrals
    line = (
        f"referrals: {found.sent} sent, {found.accepted} accepted, {found.declined} declined,"
        f" {found.expired} expired"
    )
    if found.median_answer_hours is None or found.answered_in_time is None:
        return line
    return (
        f"{line}; answered after {found.median_answer_hours:g} h (median),"
        f" {found.answered_in_time:.0%} within D07"
    )


def _deadlines(report: Report) -> Table:
    table = Table(title="deadlines", title_justify="left", box=None)
    for column in ("  code", "met", "missed", "waived"):
        table.add_column(column, justify="left" if column == "  code" else "right")
    for code, kept in report.deadlines.items():
        table.add_row(f"  {code}", str(kept.met), str(kept.missed), str(kept.waived))
    return table


def _indicators(report: Report) -> Table:
    table = Table(title="indicators (of made-up people)", title_justify="left", box=None)
    for column in ("", "share", "of", "published"):
        table.add_column(column)
    for one in report.indicators:
        share = "-" if one.share is None else f"{one.share:.0%}"
        table.add_row(f"  {one.name}", share, str(one.of), one.published)
    return table


def print_timeline(console: Console, alias: str, entries: Sequence[dict[str, Any]]) -> None:
    """One case as the monitor may see it."""
    console.rule(f"[bold]throughcare timeline {alias}")
    shown = [entry for entry in entries if _name(entry) not in _QUIET]
    for entry in shown[:_LINES]:
        data = "  ".join(f"{key}={_plain(it)}" for key, it in entry.get("data", {}).items())
        name = _name(entry)
        if entry["kind"] != "event":
            name = f"{entry['kind']}: {name}"
        console.print(f"  day {entry['day']:>4}  {name:<28} [dim]{data}", highlight=False)
    left = len(entries) - len(shown[:_LINES])
    if left:
        console.print(f"  [dim]and {left} entries more, deadlines and notices among them")


def _plain(value: object) -> object:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _name(entry: dict[str, Any]) -> str:
    return str(entry["type"]).split(".")[-2]
