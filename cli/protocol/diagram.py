"""The machines as pictures: graphlay says where everything goes, here it is drawn with our words."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

import graphlay

from throughcare.cli.protocol.showing import profile_of
from throughcare.cli.protocol.text import shown
from throughcare.cli.protocol.wording import words
from throughcare.protocol.machines import NOTHING, Machine
from throughcare.protocol.profiles.words import forbidden

_FONT = "font-family='PT Sans, Noto Sans, DejaVu Sans, Arial, sans-serif'"
_LETTER, _LINE, _PAD = 6.6, 15.0, 11.0
_MARGIN = 28.0
_WRAP = 26
#: From so many states to the same one is drawn as one arrow, from a box that names them.
_MANY = 5
_ANYWHERE = "*"
_OPTIONS = {
    "direction": "topbottom",
    "cycles": {"strategy": "follow_flow"},
    "spacing": {"layer_gap": 26.0, "node_gap": 26.0, "dummy_gap": 18.0, "port_gap": 12.0},
}
_COLOURS = {"state": "#e8f1fa", "end": "#e7e7e7", "anywhere": "#fff6df", "begin": "#333333"}


class Step(NamedTuple):
    """Events that lead from the same states to the same one: drawn as one sign between them."""

    sources: tuple[str, ...]
    target: str
    label: tuple[str, ...]


def draw(country: str, language: str) -> str:
    """All machines of a country below each other, as SVG. Raises SetupError."""
    profile = profile_of(country)
    told = words(language)
    parts: list[str] = []
    top, width = _MARGIN, 0.0
    for machine in shown(profile):
        title = told["machines"][machine.name]
        parts.append(
            f"<text x='{_MARGIN}' y='{top + 16:.0f}' font-size='18' font-weight='bold'>"
            f"{escape(title)}</text>"
        )
        chart, wide, high = _chart(machine, told)
        parts.append(f"<g transform='translate({_MARGIN},{top + 34:.0f})'>{chart}</g>")
        top += 34 + high
        for line in _unmoved(machine, told):
            top += _LINE
            parts.append(f"<text x='{_MARGIN}' y='{top:.0f}' font-size='12'>{escape(line)}</text>")
            wide = max(wide, len(line) * _LETTER)
        width = max(width, wide)
        top += 46
    head = f"{told['countries'][profile.country]}, {profile.version}"
    made = (
        f"<svg xmlns='http://www.w3.org/2000/svg' lang='{language}' role='img' "
        f"viewBox='0 0 {width + 2 * _MARGIN:.0f} {top:.0f}' "
        f"width='{width + 2 * _MARGIN:.0f}' height='{top:.0f}'><title>{escape(head)}</title>"
        "<defs><marker id='head' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' "
        "markerHeight='7' orient='auto-start-reverse'><path d='M0 0L10 5L0 10z' fill='#444'/>"
        f"</marker></defs><rect width='100%' height='100%' fill='white'/><g {_FONT}>"
        + "".join(parts)
        + "</g></svg>\n"
    )
    if (word := forbidden(profile, made)) is not None:
        raise ValueError(f"{country}: the picture would hold the word {word}")
    return made


def _chart(machine: Machine, told: dict[str, Any]) -> tuple[str, float, float]:
    """Words on arrows are boxes of the layout too, so that nothing lies on anything else."""
    steps = list(_steps(machine, told))
    drawn = dict.fromkeys(end for step in steps for end in (*step.sources, step.target))
    names = {NOTHING: "", **told["states"][machine.name]}
    for one in drawn:
        if one.startswith(_ANYWHERE):
            names[one] = _where(one.removeprefix(_ANYWHERE).split(","), machine, told)
    graph = graphlay.Graph()
    for one in drawn:
        lines = _wrapped(names[one])
        wide = max(map(len, lines)) * _LETTER * 1.15 + 2 * _PAD
        size = (18.0, 18.0) if one == NOTHING else (max(wide, 70.0), len(lines) * _LINE + 16)
        graph.node(one, width=size[0], height=size[1])
    arrows: list[bool] = []
    for number, step in enumerate(steps):
        wide = max(map(len, step.label)) * _LETTER + 6
        graph.node(number, width=wide, height=len(step.label) * (_LINE - 2) + 4)
        for source in step.sources:
            graph.edge(source, number)
            arrows.append(False)
        graph.edge(number, step.target, weight=2.0)
        arrows.append(True)
    layout = graphlay.layout(graph, options=_OPTIONS)
    low, high = layout.bounds["min"], layout.bounds["max"]
    left, up = low["x"], low["y"]
    parts = [_line(found, left, up, head) for found, head in zip(layout.edges, arrows, strict=True)]
    for one, node in zip(drawn, layout.nodes, strict=False):
        parts.append(_box(one, machine, _wrapped(names[one]), node, left, up))
    for step, node in zip(steps, layout.nodes[len(drawn) :], strict=True):
        parts.append(_sign(step, node, left, up))
    return "".join(parts), high["x"] - left, high["y"] - up


def _steps(machine: Machine, told: dict[str, Any]) -> Iterator[Step]:
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for row in machine.rows:
        before = tuple(state for state in row.before if state != row.to)
        if row.to is not None and before:
            sources = (_ANYWHERE + ",".join(before),) if len(before) >= _MANY else before
            found.setdefault((sources, row.to), []).append(told["events"][row.event])
    for (sources, target), events in found.items():
        label = tuple(line for event in dict.fromkeys(events) for line in _wrapped(event))
        yield Step(sources, target, label)


def _unmoved(machine: Machine, told: dict[str, Any]) -> Iterator[str]:
    """Events that change no state, with the states in which they are possible."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in machine.rows:
        if row.to is None or row.before == (row.to,):
            groups.setdefault(row.before, []).append(told["events"][row.event])
    if groups:
        yield told["chart"]["same"]
    for before, events in groups.items():
        where = _where(before, machine, told)
        yield from _wrapped(f"— {', '.join(dict.fromkeys(events))} ({where})", 120)


def _where(before: Sequence[str], machine: Machine, told: dict[str, Any]) -> str:
    if set(machine.states) - machine.ends <= set(before):
        return str(told["chart"]["anywhere"])
    return ", ".join(told["states"][machine.name][one] for one in before)


def _wrapped(text: str, width: int = _WRAP) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _line(found: dict[str, Any], left: float, up: float, head: bool) -> str:
    points = " ".join(f"{p['x'] - left:.1f},{p['y'] - up:.1f}" for p in found["points"])
    end = " marker-end='url(#head)'" if head else ""
    return (
        f"<polyline points='{points}' fill='none' stroke='#666' stroke-width='1.2' "
        f"stroke-linejoin='round'{end}/>"
    )


def _sign(step: Step, node: dict[str, Any], left: float, up: float) -> str:
    x, y = node["center"]["x"] - left, node["center"]["y"] - up
    pace = _LINE - 2
    lines = "".join(
        f"<tspan x='{x:.1f}' y='{y + pace * (n - (len(step.label) - 1) / 2) + 4:.1f}'>"
        f"{escape(line)}</tspan>"
        for n, line in enumerate(step.label)
    )
    return f"<text font-size='11.5' font-style='italic' text-anchor='middle'>{lines}</text>"


def _box(
    name: str, machine: Machine, lines: list[str], node: dict[str, Any], left: float, up: float
) -> str:
    x, y = node["center"]["x"] - left, node["center"]["y"] - up
    if name == NOTHING:
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='8' fill='{_COLOURS['begin']}'/>"
    wide, high = node["size"]["width"], node["size"]["height"]
    kind = "anywhere" if name.startswith(_ANYWHERE) else "end" if name in machine.ends else "state"
    stroke = " stroke-dasharray='5 3'" if kind == "anywhere" else ""
    thick = "2.4" if kind == "end" else "1.3"
    text = "".join(
        f"<tspan x='{x:.1f}' y='{y + _LINE * (n - (len(lines) - 1) / 2) + 4:.1f}'>"
        f"{escape(line)}</tspan>"
        for n, line in enumerate(lines)
    )
    return (
        f"<rect x='{x - wide / 2:.1f}' y='{y - high / 2:.1f}' width='{wide:.1f}' "
        f"height='{high:.1f}' rx='8' fill='{_COLOURS[kind]}' stroke='#33485c' "
        f"stroke-width='{thick}'{stroke}/>"
        f"<text font-size='13' text-anchor='middle'>{text}</text>"
    )
