"""Every no of the doors: its code, its answer over HTTP, its sentence; and problems as RFC 9457 says.

What the protocol refuses stands in `protocol.refusals`; here is what no rule of it is asked about.
A problem never repeats a value that was sent.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from starlette.responses import Response

from throughcare.protocol.refusals import REFUSALS

Language = Literal["en", "ru"]
#: Where a message breaks: such a record is kept as a dead letter when it came by Kafka.
Stage = Literal["decode", "schema", "unknown-type"]

PROBLEM_BASE = "https://throughcare.org/problems/"
MEDIA_TYPE = "application/problem+json"


class Sentence(NamedTuple):
    status: int
    en: str
    ru: str


class Place(NamedTuple):
    """Where in the message a rule was broken: a JSON Pointer and the rule, never the value."""

    pointer: str
    code: str


class RefusedError(Exception):
    """A door says no. Nothing was taken."""

    def __init__(self, code: str, stage: Stage | None = None, places: Sequence[Place] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.stage = stage
        self.places = tuple(places)


DOOR: dict[str, Sentence] = {
    # the request
    "not-found": Sentence(404, "There is nothing here.", "Здесь ничего нет."),
    "method-not-allowed": Sentence(
        405, "This address does not know the method.", "Этот метод здесь не поддерживается."
    ),
    "bad-request": Sentence(400, "The request cannot be read.", "Запрос не читается."),
    "key-missing": Sentence(
        401, "An API key is needed, as a bearer token.", "Нужен ключ API (Bearer)."
    ),
    "key-unknown": Sentence(401, "This API key is not valid.", "Этот ключ API недействителен."),
    "too-large": Sentence(
        413, "A message is at most 64 KiB long.", "Сообщение не может быть больше 64 КиБ."
    ),
    "too-slow": Sentence(408, "The body did not come in time.", "Тело запроса не пришло вовремя."),
    "content-type-unsupported": Sentence(
        415,
        "Send a CloudEvent: application/cloudevents+json, or application/json with ce- headers.",
        "Пришлите CloudEvent: application/cloudevents+json или application/json с заголовками ce-.",
    ),
    "content-encoding-unsupported": Sentence(
        415, "Bodies are sent uncompressed.", "Тело запроса передаётся без сжатия."
    ),
    "header-invalid": Sentence(
        400, "A header cannot be read.", "Один из заголовков не читается."
    ),
    "idempotency-key-mismatch": Sentence(
        422,
        "The Idempotency-Key must be the id of the message.",
        "Idempotency-Key должен совпадать с id сообщения.",
    ),
    "parameter-invalid": Sentence(
        422, "A parameter of the address cannot be read.", "Параметр адреса не читается."
    ),
    "unavailable": Sentence(
        503,
        "Not at the moment: send it again, with the same id.",
        "Сейчас недоступно: отправьте ещё раз с тем же id.",
    ),
    "internal": Sentence(
        500,
        "Something failed here: send it again, with the same id.",
        "Сбой на нашей стороне: отправьте ещё раз с тем же id.",
    ),
    # the message
    "not-json": Sentence(400, "The body is not JSON.", "Тело запроса — не JSON."),
    "not-utf8": Sentence(400, "The body is not UTF-8.", "Тело запроса не в UTF-8."),
    "duplicate-member": Sentence(
        400, "A name stands twice in one object.", "Имя повторяется в одном объекте."
    ),
    "too-deep": Sentence(400, "The JSON is nested too deeply.", "Слишком глубокая вложенность."),
    "number-too-long": Sentence(
        400, "A number has too many digits.", "В числе слишком много цифр."
    ),
    "control-character": Sentence(
        422, "Control characters are not text.", "Управляющие символы недопустимы."
    ),
    "empty": Sentence(400, "There is no message.", "Сообщения нет."),
    "not-a-cloudevent": Sentence(
        400, "This is not a CloudEvent 1.0.", "Это не CloudEvent версии 1.0."
    ),
    "attribute-invalid": Sentence(
        422,
        "An attribute of the CloudEvent is missing or not as it must be.",
        "Атрибут CloudEvent отсутствует или задан неверно.",
    ),
    "unknown-type": Sentence(422, "This type is not known here.", "Этот тип здесь неизвестен."),
    "unknown-version": Sentence(
        422, "This version of the type is not known.", "Эта версия типа неизвестна."
    ),
    "wrong-door": Sentence(
        422,
        "Facts go to /v1/facts, commands to /v1/commands.",
        "Факты принимает /v1/facts, команды — /v1/commands.",
    ),
    "schema": Sentence(
        422, "The data is not as this type wants it.", "Данные не соответствуют типу сообщения."
    ),
    "subject-missing": Sentence(
        422, "The subject says which case is meant.", "В subject указывается, о каком случае речь."
    ),
    "time-missing": Sentence(
        422, "A fact says when it happened.", "Факт должен содержать время события."
    ),
    "time-out-of-range": Sentence(
        422, "The time lies too far back.", "Указанное время слишком давнее."
    ),
    # the party and the case
    "idempotency-key-reused": Sentence(
        422,
        "This id has been used for another message.",
        "Этот id уже использован для другого сообщения.",
    ),
    "facility-not-yours": Sentence(
        403, "You do not speak for this facility.", "Вы не представляете это учреждение."
    ),
    "no-such-case": Sentence(
        404, "You have no such case.", "Такого случая среди ваших нет."
    ),
    "no-case": Sentence(
        404, "Nobody is known by this reference.", "По этому номеру никто не известен."
    ),
    "name-in-use": Sentence(
        409,
        "You still hold this reference for a case that you have no part in any more: use another.",
        "Этот номер ещё закреплён за случаем, в котором вы больше не участвуете: нужен другой.",
    ),
    "country-without-profile": Sentence(
        422,
        "There are no rules for this country here.",
        "Правила для этой страны здесь не заданы.",
    ),
    "json-needed": Sentence(
        415, "Send JSON: application/json.", "Пришлите JSON: application/json."
    ),
    "fields": Sentence(
        422, "Some fields are not as they must be.", "Некоторые поля заполнены неверно."
    ),
    "no-such-class": Sentence(
        404, "There is no such class of details: P1, P2, P3 or P4.",
        "Такого класса сведений нет: P1, P2, P3 или P4.",
    ),
    "details-do-not-open": Sentence(
        409,
        "These details do not open with the key of this deployment: nothing was handed out.",
        "Эти сведения не открываются ключом этой установки: ничего не передано.",
    ),
    "too-many-people": Sentence(
        429,
        "You have opened as many people within this hour as one may alone.",
        "За этот час вы открыли столько людей, сколько можно одному.",
    ),
    "no-such-code": Sentence(404, "Nobody has this code.", "Такого кода ни у кого нет."),
    "code-given-already": Sentence(
        409,
        "The person has a code: another one is made with that, or by whoever answers for data.",
        "Код у человека уже есть: новый выдают по прежнему или через ответственного за данные.",
    ),
    "code-not-for-role": Sentence(
        403,
        "In your role you give nobody a code.",
        "В вашей роли коды не выдают.",
    ),
    "not-for-the-person": Sentence(
        422,
        "This is nothing that a person says with their code.",
        "Такого человек со своим кодом не сообщает.",
    ),
    "consent-not-by-code": Sentence(
        409,
        "The person did not choose to come with a code instead of a name.",
        "Человек не выбирал приход по коду вместо имени.",
    ),
    "no-such-batch": Sentence(
        404, "You have declared no such day.", "Такого дня вы не объявляли."
    ),
    "batch-needs-another-person": Sentence(
        403,
        "Whoever declared it cannot authorise it: another one of you does, with a key of their own.",
        "Кто объявил, тот не утверждает: это делает другой сотрудник со своим ключом.",
    ),
    "batch-has-begun": Sentence(
        409,
        "It has begun: it is authorised beforehand or not at all.",
        "Срок уже начался: утвердить можно только заранее.",
    ),
    "no-such-outcome": Sentence(404, "You have no such message.", "Такого сообщения у вас нет."),
    "not-yet": Sentence(
        409,
        "The timeline has not come this far yet: ask again.",
        "Хронология ещё не дошла до этого места: спросите ещё раз.",
    ),
}  # fmt: skip

_ANSWERS = {"conflict": 409, "unprocessable": 422, "forbidden": 403}


def sentence_of(code: str) -> Sentence:
    """What a code means, whoever said no. A code added since is a conflict without a sentence."""
    if (known := DOOR.get(code)) is not None:
        return known
    if (refusal := REFUSALS.get(code)) is not None:
        return Sentence(_ANSWERS[refusal.answer], refusal.en, refusal.ru)
    return Sentence(409, "This was refused.", "В этом отказано.")


def problem(
    code: str,
    request_id: UUID,
    language: Language = "en",
    *,
    places: Sequence[Place] = (),
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """A problem details response; its `instance` finds the request in the logs."""
    sentence = sentence_of(code)
    body: dict[str, Any] = {
        "type": PROBLEM_BASE + code,
        "title": sentence.ru if language == "ru" else sentence.en,
        "status": sentence.status,
        "code": code,
        "instance": f"urn:uuid:{request_id}",
    }
    if (refusal := REFUSALS.get(code)) is not None:
        body["rule"] = refusal.rule
    if places:
        body["errors"] = [place._asdict() for place in places]
    if extra:
        body.update(extra)
    return Response(
        orjson.dumps(body),
        sentence.status,
        {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )
