"""The sheet for the person: who was told what, when and why. For their own hands, so nothing on it says what for.

One page without scripts, links or anything to load: it is printed where it is asked for.
"""

import base64
import hashlib
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from throughcare.gateway.page.render import day_of
from throughcare.gateway.page.words import Words
from throughcare.gateway.person import Sheet, Told
from throughcare.gateway.problems import Language
from throughcare.protocol.profiles import current
from throughcare.protocol.redisclosure import TEXTS

TEXT: dict[str, Words] = {
    "title": Words("Information sheet", "Информационный лист"),
    "heading": Words("Who was told what about you", "Кому и что о вас сообщили"),
    "intro": Words(
        "Each line is one time that somebody opened information about you through this system: when, who, what, and "
        "what for. Your name does not stand here.",
        "Каждая строка — один случай, когда кто-то открыл сведения о вас в этой системе: когда, кто, что и для чего. "
        "Вашего имени здесь нет.",
    ),
    "as_of": Words("As of", "На дату"),
    "nobody": Words("Nobody was told anything about you.", "Никому ничего о вас не сообщали."),
    "when": Words("When", "Когда"),
    "who": Words("Who", "Кто"),
    "what": Words("What", "Что"),
    "why": Words("What for", "Для чего"),
    "emergency": Words("you were not asked beforehand", "вас не спросили заранее"),
    "stop": Words("You can say stop", "Вы можете сказать «стоп»"),
    "stop_how": Words(
        "At any desk that works with this system, at any time and without a reason: say your code and that it should "
        "stop. From that moment nobody is told anything more. Whoever was told before may have to keep a record of "
        "its own by law.",
        "В любой организации, которая работает с этой системой, в любое время и без объяснения причин: назовите свой "
        "код и скажите, что больше ничего передавать нельзя. С этого момента никому ничего не сообщат. Те, кому "
        "сообщили раньше, могут быть обязаны по закону хранить собственные записи.",
    ),
    "keep": Words(
        "Keep this sheet where nobody finds it whom it does not concern, or destroy it: with your code you get "
        "another one.",
        "Храните этот лист там, где его не найдут посторонние, или уничтожьте: со своим кодом вы получите новый.",
    ),
    "limit": Words(
        "What people told one another outside this system cannot be seen here.",
        "Того, что люди сообщили друг другу помимо этой системы, здесь не видно.",
    ),
}

#: Neutral on purpose: somebody else may read over a shoulder.
CLASSES: dict[str, Words] = {
    "P0": Words("how far your support has come", "как продвигается ваше сопровождение"),
    "P1": Words("your name and how to reach you", "ваше имя и как с вами связаться"),
    "P2": Words("what you need in daily life", "что вам нужно в повседневной жизни"),
    "P3": Words("health: support and medicines", "здоровье: помощь и лекарства"),
    "P4": Words("health: other details", "здоровье: другие сведения"),
    "P5": Words("dates and places", "даты и места"),
}

REASONS: dict[str, Words] = {
    "life-in-danger": Words("your life was in danger", "вашей жизни угрожала опасность"),
    "cannot-speak": Words("you could not speak for yourself", "вы не могли говорить за себя"),
    "medicine-to-check": Words("a medicine had to be checked", "нужно было проверить лекарство"),
}

_STYLE = files("throughcare.gateway.page").joinpath("style.css").read_text("utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def data(sheet: Sheet, language: Language) -> dict[str, Any]:
    """The sheet as data, in codes and in words."""
    return {
        "as_of": sheet.at.isoformat(),
        "language": language,
        "entries": [_line(told, language) for told in sheet.lines],
    }


def _line(told: Told, language: Language) -> dict[str, Any]:
    line: dict[str, Any] = {
        "at": told.at.isoformat(),
        "party": told.party,
        "data_classes": told.data_classes,
        "data_in_words": [CLASSES[one].of(language) for one in told.data_classes],
        "purpose": told.purpose,
        "purpose_in_words": _purpose(told, language),
        "notice_version": told.notice_version,
    }
    if told.emergency_reason is not None:
        line["emergency_reason"] = told.emergency_reason
        line["emergency_in_words"] = REASONS[told.emergency_reason].of(language)
    return line


def _purpose(told: Told, language: Language) -> str:
    return TEXTS.purposes[told.purpose][language]


def page(sheet: Sheet, language: Language, country: str) -> str:
    """The sheet as a page; times as clocks show them in `country`, or in UTC where it has no profile."""
    try:
        zone = current(country).zone
    except KeyError:
        zone = ZoneInfo("UTC")
    body = [
        f"<h1>{_text('heading', language)}</h1>",
        f'<p class="lead">{_text("intro", language)}</p>',
        f'<p class="as-of">{_text("as_of", language)} {_moment(sheet.at, zone, language)}</p>',
        _table(sheet, zone, language),
        f"<h2>{_text('stop', language)}</h2>",
        *(f"<p>{_text(name, language)}</p>" for name in ("stop_how", "keep", "limit")),
    ]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{_text('title', language)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>"
    )


def _table(sheet: Sheet, zone: ZoneInfo, language: Language) -> str:
    if not sheet.lines:
        return f'<p class="empty">{_text("nobody", language)}</p>'
    columns = ("when", "who", "what", "why")
    head = "".join(f'<th scope="col">{_text(column, language)}</th>' for column in columns)
    rows = []
    for told in sheet.lines:
        cells = (
            _moment(told.at, zone, language),
            escape(told.party),
            ";<br>".join(escape(CLASSES[one].of(language)) for one in told.data_classes),
            _why(told, language),
        )
        tds = "".join(
            f'<td data-label="{_text(name, language)}"><span>{cell}</span></td>'
            for name, cell in zip(columns, cells, strict=True)
        )
        rows.append(f"<tr>{tds}</tr>")
    return (
        f'<table class="told"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _why(told: Told, language: Language) -> str:
    purpose = escape(_purpose(told, language))
    if told.emergency_reason is None:
        return purpose
    reason = escape(REASONS[told.emergency_reason].of(language))
    return f"{purpose}: {reason}<br><strong>{_text('emergency', language)}</strong>"


def _moment(at: datetime, zone: ZoneInfo, language: Language) -> str:
    local = at.astimezone(zone)
    return f"{day_of(local.date(), language)}, {local:%H:%M}" + (
        " UTC" if zone.key == "UTC" else ""
    )


def _text(name: str, language: Language) -> str:
    return escape(TEXT[name].of(language))
