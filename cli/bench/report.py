"""What was measured, beside what was asked for."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from throughcare.cli.bench.latency import Latency
from throughcare.cli.bench.race import Figure


class Goal(NamedTuple):
    """How our figure has to stand to another one; `at_most` where less is better."""

    against: str
    value: float
    at_most: bool = False


class Judged(NamedTuple):
    """A goal and the ratios of the rounds."""

    goal: Goal
    ratios: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool:
        goal = self.goal
        return self.median <= goal.value if goal.at_most else self.median >= goal.value

    def as_json(self) -> dict[str, Any]:
        return {
            "against": self.goal.against,
            "goal": self.goal.value,
            "at_most": self.goal.at_most,
            "median": round(self.median, 3),
            "min": round(min(self.ratios), 3),
            "max": round(max(self.ratios), 3),
            "met": self.met,
        }


class Row(NamedTuple):
    """One row of the bench: the figures of each way, one a round, and how ours stands to them."""

    name: str
    figures: dict[str, list[Figure]]
    latencies: dict[str, list[Latency]]
    judged: list[Judged]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "rates": {
                way: {
                    "per_s": [round(f.rate, 1) for f in figures],
                    "median_per_s": round(statistics.median(f.rate for f in figures), 1),
                    "cpu_us": round(statistics.median(f.cpu_us for f in figures), 1),
                }
                for way, figures in self.figures.items()
            },
            "latencies_ms": {
                way: {
                    "p50": [round(one.p50, 2) for one in series],
                    "p99": [round(one.p99, 2) for one in series],
                }
                for way, series in self.latencies.items()
            },
            "goals": [one.as_json() for one in self.judged],
        }


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Round by round: what slows the machine down slows both of a round."""
    return [mine / other for mine, other in zip(ours, others, strict=True)]


def show(rows: Sequence[Row], console: Console) -> None:
    for row in rows:
        table = Table(title=row.name, title_justify="left")
        for column in ("way", "median", "rounds", "Python µs"):
            table.add_column(column, justify="left" if column == "way" else "right")
        for way, figures in row.figures.items():
            rates = [f.rate for f in figures]
            cpu = statistics.median(f.cpu_us for f in figures)
            table.add_row(
                way,
                f"{statistics.median(rates):,.0f}/s",
                " ".join(f"{rate:,.0f}" for rate in rates),
                f"{cpu:,.0f}" if cpu else "",
            )
        for way, series in row.latencies.items():
            p50 = statistics.median(one.p50 for one in series)
            p99 = statistics.median(one.p99 for one in series)
            rounds = " ".join(f"{one.p50:.1f}/{one.p99:.1f}" for one in series)
            table.add_row(way, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", rounds, "")
        console.print(table)
        for one in row.judged:
            sign = "≤" if one.goal.at_most else "≥"
            console.print(
                f"  {'met   ' if one.met else 'MISSED'} {one.goal.against}: {one.median:.2f} "
                f"({min(one.ratios):.2f}–{max(one.ratios):.2f}), goal {sign} {one.goal.value:g}"
            )


def summary(rows: Sequence[Row]) -> str:
    """One line for who reads only the last one."""
    judged = [one for row in rows for one in row.judged]
    parts = [
        f"{row.name} {one.goal.against} {one.median:.2f}" for row in rows for one in row.judged
    ]
    return f"bench: {sum(one.met for one in judged)} of {len(judged)} goals met; " + "; ".join(
        parts
    )
