"""HTML of the page: escaped, without scripts, readable at 320 px, in print and by ear."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

from throughcare.gateway.page.words import CODES, DEADLINES, EVENTS, LACKS, STAGES, TEXT, Words
from throughcare.gateway.problems import Language, sentence_of

#: Bookkeeping that a reader of one story can do without.
_QUIET = frozenset({"deadlines-changed", "deadline-reminded", "notice-sent", "notice-withheld"})
_ALARMS = frozenset(
    {
        "deadline-missed", "escalation-raised", "appointment-missed", "referral-declined",
        "referral-expired", "contact-lost", "readiness-lost", "notice-failed", "person-died",
        "consent-withdrawn", "consent-expired", "receiver-suspended", "consent-refused", "reroute-needed", "acceptance-withdrawn",
    }
)  # fmt: skip
_GOOD = frozenset(
    {
        "first-contact-made", "treatment-engaged", "follow-up-completed", "referral-accepted",
        "consent-granted", "readiness-confirmed", "contact-regained", "client-attended",
        "service-engaged",
    }
)  # fmt: skip
#: Seconds after which the list is asked for again while the demonstration runs.
_RENEWS_S = 5
_TURNS = frozenset({"case-opened", "person-released", "case-closed"})
_MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "ru": [
        "янв.",
        "февр.",
        "марта",
        "апр.",
        "мая",
        "июня",
        "июля",
        "авг.",
        "сент.",
        "окт.",
        "нояб.",
        "дек.",
    ],
}


class Coming(NamedTuple):
    """A row of the gate list."""

    code: str | None
    facility: str
    expected_on: date
    stage: str
    lacks: tuple[str, ...]


class Known(NamedTuple):
    """A case with the code under which it may be read."""

    code: str
    stage: str
    ended_at: datetime | None


class Due(NamedTuple):
    """A live promise: which, and the day of the case by which it falls due."""

    code: str
    day: int


class Alarm(NamedTuple):
    """An alarm whose cause still stands: over which promise, since which day of the case."""

    code: str
    day: int
    taken_on: bool


def gate_page(
    language: Language,
    now: datetime,
    coming: Sequence[Coming],
    known: Sequence[Known],
    *,
    is_live: bool = False,
) -> str:
    body = [
        f"<h1>{_text('gate_list', language)}</h1>",
        f'<p class="lead">{_text("gate_intro", language)}</p>',
        f'<p class="as-of">{_text("as_of", language)} {day_of(now.date(), language)}</p>',
    ]
    if is_live:
        body.append(f'<p class="as-of">{_text("live", language)}</p>')
    if coming:
        body.append(_gate_table(coming, now.date(), language))
    else:
        body.append(f'<p class="empty">{_text("gate_empty", language)}</p>')
    body.append(f"<h2>{_text('cases', language)}</h2>")
    if known:
        items = "".join(
            f'<li><a href="{_link(case.code, language)}">{escape(case.code)}</a> '
            f'<span class="tag {"done" if case.ended_at else "open"}">'
            f"{_one(STAGES, case.stage, language)}</span></li>"
            for case in known
        )
        body.append(f'<ul class="codes">{items}</ul>')
    else:
        body.append(f'<p class="empty">{_text("cases_empty", language)}</p>')
    title = TEXT["gate_list"].of(language)
    return _page(language, "/demo", title, body, renews_s=_RENEWS_S if is_live else None)


def _gate_table(coming: Iterable[Coming], today: date, language: Language) -> str:
    columns = ("code", "release", "place", "stage", "lacks")
    head = "".join(f'<th scope="col">{_text(column, language)}</th>' for column in columns)
    rows = []
    for row in coming:
        late = row.expected_on < today
        cells = {
            "code": _code(row.code, language),
            "release": day_of(row.expected_on, language)
            + (f' <span class="tag late">{_text("overdue", language)}</span>' if late else ""),
            "place": escape(row.facility),
            "stage": _one(STAGES, row.stage, language),
            "lacks": _lacks(row.lacks, language),
        }
        tds = "".join(
            f'<td data-label="{_text(name, language)}"><span>{cell}</span></td>'
            for name, cell in cells.items()
        )
        rows.append(f"<tr>{tds}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _code(code: str | None, language: Language) -> str:
    if code is None:
        return "—"
    return f'<a href="{_link(code, language)}">{escape(code)}</a>'


def _lacks(lacks: Sequence[str], language: Language) -> str:
    if not lacks:
        return f'<span class="tag good">{_text("nothing", language)}</span>'
    return ", ".join(_one(LACKS, lack, language) for lack in lacks)


def case_page(
    language: Language,
    code: str,
    entries: Sequence[dict[str, Any]],
    due: Sequence[Due],
    alarms: Sequence[Alarm] = (),
    *,
    everything: bool,
) -> str:
    shown = [entry for entry in entries if everything or _name(entry) not in _QUIET]
    here = _link(code, language)
    toggle = here if everything else f"{here}&amp;all=1"
    words = "no_bookkeeping" if everything else "bookkeeping"
    body = [
        f'<p><a class="back" href="/demo?lang={language}">{_text("back", language)}</a></p>',
        f"<h1>{_text('case', language)} {escape(code)}</h1>",
        f'<p class="lead">{_text("case_intro", language)}</p>',
        f"<h2>{_text('next', language)}</h2>",
        _due_list(due, alarms, language),
        f'<p><a href="{toggle}">{_text(words, language)}</a></p>',
        f'<ol class="timeline">{"".join(_entry(entry, language) for entry in shown)}</ol>',
    ]
    title = f"{TEXT['case'].of(language)} {code}"
    return _page(language, f"/demo/cases/{quote(code)}", title, body)


def missing_page(language: Language) -> str:
    body = [
        f"<h1>{_text('not_found', language)}</h1>",
        f'<p><a class="back" href="/demo?lang={language}">{_text("back", language)}</a></p>',
    ]
    return _page(language, "/demo", TEXT["not_found"].of(language), body)


def _due_list(due: Sequence[Due], alarms: Sequence[Alarm], language: Language) -> str:
    if not due and not alarms:
        return f'<p class="empty">{_text("next_none", language)}</p>'
    items = "".join(
        f'<li class="alarm"><span class="due-what">'
        f"{_text('alarm', language).format(what=_one(DEADLINES, one.code, language))}</span> "
        f'<span class="due-when">{_text("day", language)} {one.day}: '
        f"{_text('alarm_taken' if one.taken_on else 'alarm_open', language)}</span></li>"
        for one in alarms
    )
    items += "".join(
        f'<li><span class="due-what">{_one(DEADLINES, one.code, language)}</span> '
        f'<span class="due-when">{_text("due", language).format(day=one.day)}</span></li>'
        for one in due
    )
    return f'<ul class="due">{items}</ul>'


def _entry(entry: dict[str, Any], language: Language) -> str:
    name = _name(entry)
    look = "turn" if name in _TURNS else "alarm" if name in _ALARMS else ""
    look = "good" if name in _GOOD else look
    if entry["kind"] == "event":
        what = _one(EVENTS, name, language)
    else:
        look = "quiet"
        code = entry["data"].get("refusal_code") or entry["data"].get("reason_code") or ""
        sentence = sentence_of(code)
        said = sentence.ru if language == "ru" else sentence.en
        what = f"{_text('refused_step', language)}: {escape(said)}"
    details = _details(name, entry["data"], language)
    detail = f'<span class="detail">{details}</span>' if details else ""
    day = f'<span class="day">{_text("day", language)} {entry["day"]}</span>'
    return f'<li class="{look}">{day}<span class="what">{what}{detail}</span></li>'


def _details(name: str, data: dict[str, Any], language: Language) -> str:
    said: list[str] = []
    if (code := data.get("code")) is not None:
        said.append(_one(DEADLINES, str(code), language))
    for key in ("origin", "change", "ground_code", "reason_code", "means", "result", "urgency"):
        value = data.get(key)
        if isinstance(value, str) and (known := CODES.get(value)) is not None:
            said.append(escape(known.of(language)))
    if (day := data.get("checkpoint_day")) is not None:
        said.append(f"{_text('day', language).lower()} {int(day)}")
    if (hours := data.get("hours_since_release")) is not None:
        said.append(f"{int(hours)} {'ч' if language == 'ru' else 'h'}")
    return ", ".join(said)


def _name(entry: dict[str, Any]) -> str:
    return str(entry["type"]).split(".")[-2]


def _one(words: dict[str, Words], code: str, language: Language) -> str:
    known = words.get(code)
    return escape(known.of(language) if known is not None else code)


def _text(name: str, language: Language) -> str:
    return escape(TEXT[name].of(language))


def day_of(day: date, language: Language) -> str:
    """A date as it is written, for a reader and for a machine."""
    month = _MONTHS[language][day.month - 1]
    return f'<time datetime="{day}">{day.day}&nbsp;{month}&nbsp;{day.year}</time>'


def _link(code: str, language: Language) -> str:
    return f"/demo/cases/{quote(code)}?lang={language}"


def _page(
    language: Language, path: str, title: str, body: Sequence[str], renews_s: int | None = None
) -> str:
    languages = "".join(
        f'<a href="{path}?lang={tag}" lang="{tag}" hreflang="{tag}"'
        + (' aria-current="true">' if tag == language else ">")
        + f"{name}</a>"
        for tag, name in (("en", "English"), ("ru", "Русский"))
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        + (f'<meta http-equiv="refresh" content="{renews_s}">' if renews_s else "")
        + f"<title>{escape(title)} · {_text('product', language)}</title>"
        '<link rel="stylesheet" href="/demo/style.css"></head><body>'
        f'<a class="skip" href="#content">{_text("to_content", language)}</a>'
        f'<header><div><a class="product" href="/demo?lang={language}">'
        f"{_text('product', language)}</a><nav>{languages}</nav></div></header>"
        f'<p class="banner"><span>{_text("synthetic", language)}</span></p>'
        f'<main id="content">{"".join(body)}</main></body></html>'
    )
