"""Mail that nobody wrote: absence notes, delivery reports, what programs send. It is dropped, never answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmio.mail.incoming.letter import Letter

SUBJECTS = re.compile(
    r"(?:(?:re|aw|sv|antw|odp)\s*:\s*)?(?:[\[【(]\s*)?(?:"
    r"auto(?:matic)?[ -]?(?:reply|response|responder|matic reply)\b|(?-i:AUTO)\s*:|automated (?:reply|response)\b|"
    r"(?:yahoo!? )?auto response|vacation (?:reply|response|notice|message)\s*[:\]]|"
    r"automatische (?:antwort|r[üu]ckmeldung)|abwesenheits(?:notiz|benachrichtigung|assistent)|"
    r"r[ée]ponse automatique|message d'absence|"
    r"respuesta autom[áa]tica|"
    r"resposta autom[áa]tica|"
    r"risposta automatica|"
    r"automatisch antwoord|afwezigheids(?:bericht|assistent)|"
    r"autosvar|automatisk svar|automatiskt svar|fr[åa]nvaromeddelande|"
    r"automaattinen vastaus|poissaoloviesti|"
    r"automatyczna odpowied[źz]|odpowied[źz] automatyczna|"
    r"automatick[áa] odpov[ěe]ď|automatikus v[áa]lasz|r[ăa]spuns automat|otomatik yan[ıi]t|"
    r"автоматический ответ|автоответ|автоматична відповідь|αυτόματη απάντηση|resposta autom[àa]tica|automatische reactie|automaatvastus|automatski odgovor|samodejni odgovor|"
    r"automatinis atsakymas|autom[āa]tisk[āa] atbilde|sj[áa]lfvirkt svar|erantzun automatikoa|balasan otomatis|trả lời tự động|"
    r"автоматичен отговор|аутоматски одговор|תשובה אוטומטית|(?:ال)?رد (?:ال)?تلقائي\b|پاسخ خودکار|स्वचालित उत्तर|ตอบกลับอัตโนมัติ|자동응답|自動応答|自動返信|自动答复|自动回复|自動回覆|자동 회신|"
    r"(?:undeliver(?:able|ed)|delivery status notification|mail delivery (?:failed|failure|subsystem)|returned mail|failure notice|unzustellbar)"
    r"(?=\s*(?:$|[^\w\s]))"
    r")",
    re.IGNORECASE,
)
ABSENCE = re.compile(
    r"(?:[\[【(]\s*)?(?:"
    r"out[ -]of[ -](?:the )?office(?=\s*(?:$|[^\w\s]|re:|auto|until|till|from|through|today|reply|response|notice|notification|message|assistant))|ooo\s*:|"
    r"abwesenheit\s*:|absence du bureau|absent du bureau|fuera de (?:la )?oficina|fora do escrit[óo]rio|ausência tempor[áa]ria|fuori (?:sede|ufficio)|fravær|"
    r"خارج المكتب\s*:|不在通知|不在のお知らせ"
    r")",
    re.IGNORECASE,
)
"""What programs and people alike call an absence. Programs say so in answer to something; people also start a thread with it."""
HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply", "x-autoreply-from")
ROBOTS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|no-?reply-bounce|bounces?)@", re.IGNORECASE)


CALENDAR_ANSWERS = frozenset({"REPLY", "COUNTER", "REFRESH"})
CALENDAR_WORDS = re.compile(r"https?://calendar\.google\.com/|https?://www\.google\.com/calendar")


def is_calendar_answer(letter: Letter) -> bool:
    """Whether a calendar answers an invitation, without a word of its owner."""
    lines = [line for line in letter.text.split("\n") if line.strip()]
    named = len(lines) == 1 and any(word and word in lines[0] for word in letter.sender)
    return letter.method in CALENDAR_ANSWERS and (not lines or named or bool(CALENDAR_WORDS.search(letter.text)))


def is_automatic(letter: Letter, *, starts: bool = False) -> bool:
    """Whether a program sent it in answer to something. `starts`: it goes to an address that we send nothing from."""
    answers = not starts or letter.header("in-reply-to") or letter.header("references")
    submitted = letter.header("auto-submitted").lower()
    precedence = {letter.header(name).strip().lower() for name in ("precedence", "x-precedence")}
    return bool(
        (submitted and not submitted.startswith("no"))
        or any(letter.header(name) not in ("", "no") for name in HEADERS)
        or precedence & {"auto_reply", "auto-reply", "junk"}
        or letter.header("return-path").strip() == "<>"
        or "multipart/report" in letter.header("content-type").lower()
        or letter.header("x-failed-recipients")
        or ROBOTS.match(letter.sender[1])
        or SUBJECTS.match(letter.subject)
        or (answers and ABSENCE.match(letter.subject))
        or is_calendar_answer(letter)
    )
