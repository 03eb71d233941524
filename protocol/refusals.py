"""Every reason to say no, once: its code, its sentence, the rule it comes from, its kind of answer."""

from typing import Literal, NamedTuple

#: conflict: the case is not in the state for it (409); unprocessable: never right as it stands
#: (422); forbidden: not for this role (403).
Answer = Literal["conflict", "unprocessable", "forbidden"]


class Refusal(NamedTuple):
    code: str
    en: str
    ru: str
    #: Where the rule stands.
    rule: str
    answer: Answer


_LIST: tuple[Refusal, ...] = (
    # who
    Refusal(
        "role-may-not",
        "Your role may not take this step.",
        "Ваша роль не даёт права на этот шаг.",
        "Roles of commands",
        "forbidden",
    ),
    Refusal(
        "referral-unknown",
        "There is no such referral among yours.",
        "Среди ваших направлений такого нет.",
        "A receiver acts on its own referrals",
        "conflict",
    ),
    Refusal(
        "escalation-unknown",
        "There is no such open alarm addressed to you.",
        "Открытой тревоги с таким номером, адресованной вам, нет.",
        "An alarm is acknowledged by whom it addresses, or by a coordinator",
        "conflict",
    ),
    # when
    Refusal(
        "occurs-in-the-future",
        "What is reported lies in the future.",
        "Сообщаемое событие относится к будущему.",
        "Envelope: time of an act",
        "unprocessable",
    ),
    Refusal(
        "protocol-version-unknown",
        "This version of the protocol is not known here.",
        "Эта версия протокола здесь неизвестна.",
        "A case keeps the version it began under",
        "unprocessable",
    ),
    # the case
    Refusal(
        "case-not-open",
        "The case is not open.",
        "Случай не открыт.",
        "A case begins with its opening",
        "conflict",
    ),
    Refusal(
        "case-already-open",
        "The case is open already.",
        "Случай уже открыт.",
        "One case an episode",
        "conflict",
    ),
    Refusal(
        "case-closed",
        "The case is closed.",
        "Случай закрыт.",
        "A closed case changes no more",
        "conflict",
    ),
    Refusal(
        "person-not-told",
        "The person has to be told before a case is opened.",
        "До открытия случая человеку нужно об этом сказать.",
        "Opening: the person knows",
        "unprocessable",
    ),
    Refusal(
        "programme-unknown",
        "This programme is not one of the country's.",
        "Такой программы в стране нет.",
        "Profile: programmes",
        "unprocessable",
    ),
    Refusal(
        "programme-opens-no-case",
        "In this country an enrolment opens no case.",
        "В этой стране зачисление в программу не открывает случая.",
        "Profile: programme_opens_case",
        "conflict",
    ),
    # consent
    Refusal(
        "language-not-offered",
        "There is no consent form in this language and script.",
        "Формы согласия на этом языке и этой графике нет.",
        "Profile: languages",
        "unprocessable",
    ),
    Refusal(
        "witness-decides-privileges",
        "Whoever decides on privileges or discipline may not witness consent.",
        "Свидетелем согласия не может быть тот, кто решает о льготах или взысканиях.",
        "Consent: the witness",
        "unprocessable",
    ),
    Refusal(
        "consent-already-given",
        "The person has given consent already.",
        "Согласие уже дано.",
        "Consent: one act",
        "conflict",
    ),
    Refusal(
        "consent-not-offered",
        "Consent has to be offered first.",
        "Сначала нужно предложить дать согласие.",
        "Consent: offered before it is given or refused",
        "conflict",
    ),
    Refusal(
        "consent-already-refused",
        "The person has said no.",
        "Человек ответил отказом.",
        "Consent: a refusal stands",
        "conflict",
    ),
    Refusal(
        "consent-withdrawn",
        "The person has withdrawn consent.",
        "Человек отозвал согласие.",
        "Consent: a withdrawal stands",
        "conflict",
    ),
    Refusal(
        "consent-empty",
        "Consent names at least one receiver.",
        "В согласии должен быть назван хотя бы один получатель.",
        "Consent: per receiving party",
        "unprocessable",
    ),
    Refusal(
        "consent-too-long",
        "Consent lasts no longer than the country allows, and not into the past.",
        "Срок согласия не может превышать допустимого в стране и истекать в прошлом.",
        "Profile: consent.max_days",
        "unprocessable",
    ),
    Refusal(
        "receiver-type-not-allowed",
        "This kind of receiver is not provided for in this country.",
        "Такой вид получателя в этой стране не предусмотрен.",
        "Profile: receivers",
        "unprocessable",
    ),
    Refusal(
        "class-not-for-receiver",
        "This kind of receiver may never get that class of data.",
        "Получатели этого вида не вправе получать такие сведения.",
        "Profile: receivers.*.classes",
        "unprocessable",
    ),
    Refusal(
        "no-consent",
        "There is no consent in force.",
        "Действующего согласия нет.",
        "Nothing leaves without permission",
        "conflict",
    ),
    Refusal(
        "consent-does-not-cover-receiver",
        "Consent does not cover this receiver for this service.",
        "Согласие не распространяется на этого получателя для этой услуги.",
        "Consent covers receiver, classes and purpose",
        "conflict",
    ),
    # plan
    Refusal(
        "plan-not-signed",
        "The plan is the person's: it needs their signature.",
        "План принадлежит человеку: нужна его подпись.",
        "Plan: signed by the person",
        "unprocessable",
    ),
    Refusal(
        "plan-without-psychosocial-item",
        "A plan holds at least one psychosocial item.",
        "В плане должен быть хотя бы один пункт психосоциальной помощи.",
        "Plan: not medicine alone",
        "unprocessable",
    ),
    Refusal(
        "plan-item-twice",
        "Two items of the plan bear the same number.",
        "Два пункта плана имеют один номер.",
        "Plan: items are numbered",
        "unprocessable",
    ),
    Refusal(
        "service-not-available",
        "This service does not exist in this country.",
        "Такой услуги в этой стране нет.",
        "Profile: services",
        "unprocessable",
    ),
    Refusal(
        "receiver-does-not-fit-service",
        "This kind of receiver does not provide this service.",
        "Получатели этого вида такую услугу не оказывают.",
        "Profile: services.*.receivers",
        "unprocessable",
    ),
    Refusal(
        "no-plan",
        "There is no agreed plan.",
        "Согласованного плана нет.",
        "Referrals follow a plan",
        "conflict",
    ),
    Refusal(
        "plan-item-unknown",
        "The plan has no such item.",
        "Такого пункта в плане нет.",
        "Referrals follow a plan",
        "unprocessable",
    ),
    # custody
    Refusal(
        "release-date-in-the-past",
        "The release date lies before the day on which it was said.",
        "Дата освобождения раньше дня, когда о ней сообщили.",
        "Release date: lies ahead",
        "unprocessable",
    ),
    Refusal(
        "person-already-released",
        "The person is out already.",
        "Человек уже на свободе.",
        "Custody facts end with the release",
        "conflict",
    ),
    Refusal(
        "person-not-released",
        "The person has not been released yet.",
        "Человек ещё не освобождён.",
        "Follow-up begins with the release",
        "conflict",
    ),
    # referral
    Refusal(
        "item-has-open-referral",
        "A referral for this item is open.",
        "По этому пункту уже есть открытое направление.",
        "Referral: one at a time for an item",
        "conflict",
    ),
    Refusal(
        "receiver-already-asked",
        "This receiver has been asked for this item and did not take it.",
        "Этого получателя по этому пункту уже спрашивали, он не принял.",
        "Referral: nobody is asked twice for the same item",
        "conflict",
    ),
    Refusal(
        "no-receiver-left",
        "No receiver is left on the plan's list that consent covers.",
        "В списке плана не осталось получателей, на которых распространяется согласие.",
        "Referral: the plan's order",
        "conflict",
    ),
    Refusal(
        "referral-not-accepted",
        "The referral has not been accepted.",
        "Направление не принято.",
        "Referral: acceptance comes first",
        "conflict",
    ),
    Refusal(
        "referral-already-answered",
        "The referral has been answered already.",
        "На направление уже ответили.",
        "Referral: one answer",
        "conflict",
    ),
    Refusal(
        "referral-already-attended",
        "The person has been there already.",
        "Человек там уже был.",
        "Referral: after the first visit it is a service",
        "conflict",
    ),
    Refusal(
        "referral-not-attended",
        "The person has not been there yet.",
        "Человек там ещё не был.",
        "Referral: a visit comes before taking part",
        "conflict",
    ),
    Refusal(
        "referral-ended",
        "The referral has ended.",
        "Направление завершено.",
        "Referral: an end is an end",
        "conflict",
    ),
    Refusal(
        "no-appointment",
        "There is no appointment that could have been missed.",
        "Нет записи на приём, которую можно было бы пропустить.",
        "Referral: booked before missed",
        "conflict",
    ),
    Refusal(
        "appointment-in-the-past",
        "An appointment lies ahead.",
        "Приём назначают на будущее время.",
        "Referral: booking",
        "unprocessable",
    ),
    Refusal(
        "appointment-not-yet",
        "The appointment has not passed yet.",
        "Время приёма ещё не прошло.",
        "Referral: missed after its time",
        "conflict",
    ),
    Refusal(
        "already-ready",
        "Readiness is confirmed already.",
        "Готовность уже подтверждена.",
        "Readiness: once until lost",
        "conflict",
    ),
    Refusal(
        "not-ready",
        "A mandatory item has neither an accepted referral nor a named gap.",
        "По обязательному пункту нет ни принятого направления, ни указанной причины пробела.",
        "Readiness: the checklist",
        "conflict",
    ),
    # follow-up
    Refusal(
        "check-unknown",
        "The protocol has no check on that day.",
        "Проверки на этот день протокол не предусматривает.",
        "D19, D21: days of checks",
        "unprocessable",
    ),
    Refusal(
        "check-too-early",
        "It is too early for this check.",
        "Для этой проверки слишком рано.",
        "D19, D21: days of checks",
        "conflict",
    ),
    Refusal(
        "check-already-done",
        "This check, or a later one, has been done.",
        "Эта или более поздняя проверка уже проведена.",
        "D19, D21: days of checks",
        "conflict",
    ),
    Refusal(
        "contact-is-lost",
        "Contact is lost: meeting the person again comes first.",
        "Связь потеряна: сначала нужно снова встретить человека.",
        "D22: lost",
        "conflict",
    ),
    Refusal(
        "too-few-attempts",
        "Contact is lost only after enough attempts, on several days and by several means.",
        "Связь считается потерянной после достаточного числа попыток в разные дни и разными способами.",
        "D22: the rule of attempts",
        "conflict",
    ),
    Refusal(
        "last-check-not-done",
        "The last check comes before the end.",
        "До завершения нужно провести последнюю проверку.",
        "D21: the last check",
        "conflict",
    ),
    Refusal(
        "person-not-met",
        "Nobody has met the person since the release.",
        "После освобождения с человеком никто не встречался.",
        "Completion: the person was met",
        "conflict",
    ),
    # deadlines
    Refusal(
        "deadline-unknown",
        "There is no such live deadline.",
        "Такого действующего срока нет.",
        "Deadlines: the live set",
        "conflict",
    ),
    Refusal(
        "deadline-not-waivable",
        "This promise cannot be waived.",
        "От этого обязательства отказаться нельзя.",
        "No release is forgotten",
        "unprocessable",
    ),
)

REFUSALS: dict[str, Refusal] = {refusal.code: refusal for refusal in _LIST}

#: Why a fact had no effect: not refusals, but said with the same care.
SUPERSEDED: dict[str, str] = {
    "older-than-applied": "A later fact of the same kind has been applied.",
}

#: Why something waits.
HELD: dict[str, str] = {
    "case-not-heard": "The case's opening has not arrived at this half yet.",
}
