"""What mail programs put around an answer, by program and language; and words of people that only look like it."""

from __future__ import annotations

import binascii
import io
from email.message import EmailMessage
from email.mime.text import MIMEText

import pytest

from llmio.mail.incoming import letter, mime, strip

WORDS = "Yes, let us do that.\n\nFrom 2 pm I bring:\n- bread\n- cheese\n\nBest, Ada"
OLDER = "Ben wrote something\n\nShall we have lunch?"
BEN = "Ben via Decide <notes@site.example>"
SIGNATURES = """\
Get Outlook for iOS<https://aka.ms/x>
Outlook für iOS<https://aka.ms/x> beziehen
Outlook für Android (https://aka.ms/x) beziehen
Obtenir Outlook pour iOS<https://aka.ms/x>
Envoyé à partir d’Outlook pour iOS<https://aka.ms/x>
iOS 版 Outlook を入手<https://aka.ms/x>
Outlook for Android を入手<https://aka.ms/x>
الحصول على Outlook لـ iOS<https://aka.ms/x>
احصل على Outlook لـ Android<https://aka.ms/x>
مرسل من الـ iPhone
أُرسلت من الـ iPad الخاص بي
أرسلت من جهاز أندرويد الخاص بي باستخدام بريد K-9. أرجو المعذرة على الاختصار.
مُرسَل بواسطة بريد Proton Mail الآمن.
Proton Mail セキュアメールで送信されました。
K-9 Mailで送信しました。簡単なメールですみません。
Yahoo Mail: Search, Organize, Conquer
Yahoo Mail: Suchen, organisieren, erobern
[Yahoo Mail: Busca, organiza, conquista](https://mail.example/x)
Sent from [Proton Mail](https://proton.me/mail/home) for Android.
[Sent from Mail for Windows](https://go.example/x)
Sent from my Pixel 8
Sent from my phone, please excuse typos
Sent with Shortwave
Provenance : Courrier pour Windows 10
Gesendet mit der Telekom Mail App
Envoyé depuis l'application Mail Orange
""".splitlines()
INTRODUCTIONS = (
    f"On Thursday, November 26, 2026 at 09:15:00 AM GMT+1, {BEN} wrote:",
    f"Am Donnerstag, 26. November 2026 um 09:15:00 MEZ hat {BEN} Folgendes geschrieben:",
    f"Le jeudi 26 novembre 2026 à 09:15:00 UTC+1, {BEN} a écrit :",
    f"El jueves, 26 de noviembre de 2026, 09:15:00 CET, {BEN} escribió:",
    f"2026年11月26日 木曜日 09:15:00 JST、{BEN} は書きました:",
    f"في الخميس، ٢٦ نوفمبر ٢٠٢٦ في ٠٩:١٥:٠٠ ص غرينتش+٣، كتب {BEN}:",
)
OTHERS = (
    '"Ben" <notes@site.example> – 26. November 2026 09:15',
    ">>> Ben <notes@site.example> 26.11.2026 09:15 >>>",
    '------ Originalnachricht ------\nVon "Ben" <notes@site.example>\nAn ada@example.org\nDatum 26.11.2026 09:15:00',
    '------ Original Message ------\nFrom "Ben" <notes@site.example>\nTo ada@example.org\nDate 26/11/2026 09:15:00',
    "-----Original Appointment-----\nFrom: Ben\nSent: Thursday",
    f"{BEN} writes:",
    f"Zitat von {BEN}:",
    f"在 2026-11-26 09:15:00，{BEN} 写道：",
    f"Nov 26, 2026 9:15:00 AM {BEN}:",
    "Am Donnerstag, dem 26.11.2026 um 09:15 +0000 schrieb Ben:",
)
KEPT = (
    "Good.\n\nEnviado desde la oficina de correos ayer, llega mañana.",
    "Gut.\n\nGesendet mit der Post, kommt am Montag an.",
    "Bien.\n\nEnvoyé par la poste hier soir.",
    "The trip:\n\nDate: Friday 27.11.2026\nFrom: Berlin\nTo: Paris\n\nWho joins?",
    "From: 26.11.2026\nTo: 28.11.2026\nSubject: trip to Rome\n\nWho joins?",
    "Von: Berlin\nAn: München\nDatum: 27.11.2026\n\nWer kommt mit?",
    "Agree.\n\nOutlook for Mac is what I use.",
    "The title\n---",
    "Ask Ben <ben@example.org> – he knows more",
    "Look:\n\n>>> print(9)\n\nis what Python shows.",
)
PAGES = {
    "a rule above the older mail": '<p>Yes</p><hr><div id="divRplyFwdMsg"><b>From:</b> Ben</div><div>Lunch?</div>',
    "a program named in a link": '<p>Yes</p><p>Get <a href="https://aka.ms/x">Outlook for iOS</a></p>',
    "a program named right above a rule": '<div>Yes</div><br><div><a href="https://aka.ms/x">Outlook für Android</a> beziehen</div>'
    '<hr><div id="divRplyFwdMsg">Von: Ben</div>',
    "a title of the page": "<html><head><title>Untitled</title></head><body>Yes</body></html>",
    "Zoho's signature": '<p>Yes</p><div id="Zm-_Id_-Sgn"><div>Ada</div></div><div class="zmail_extra">Lunch?</div>',
}


@pytest.mark.parametrize("line", SIGNATURES)
def test_what_a_program_says_of_itself_is_cut_off(line):
    assert strip.answer(f"{WORDS}\n\n{line}\n") == WORDS
    assert strip.answer(f"{WORDS}\n\n{line}\n\n{INTRODUCTIONS[0]}\n\n> {OLDER[:10]}\n") == WORDS


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("between", ["\n", "\n\n", "\n    "])
def test_the_last_words_stay_however_near_the_older_mail_is(introduction, between):
    assert strip.answer(f"{WORDS}{between}{introduction}  \n \n {OLDER}\n  ") == WORDS


@pytest.mark.parametrize("introduction", OTHERS)
def test_an_older_mail_is_known_by_what_introduces_it(introduction):
    older = OLDER if "--" in introduction or ">>>" in introduction else f"> {OLDER[:19]}"
    assert strip.answer(f"{WORDS}\n\n{introduction}\n\n{older}\n") == WORDS


@pytest.mark.parametrize("words", KEPT)
def test_words_that_look_like_a_programs_stay(words):
    assert strip.answer(words) == words


def read(mail):
    return letter.read(mime.take_apart(io.BytesIO(mail.as_bytes())))


def test_a_file_within_the_text_is_a_file():
    content = bytes(range(256))
    lines = "".join(binascii.b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45))
    mail = EmailMessage()
    mail.set_content(f"Before.\n\nbegin 644 täble.csv\n{lines}`\nend\n\nAfter.\n\nbegin 9 o'clock\nend of day\n")
    found = read(mail)
    assert strip.answer_of(found) == "Before.\n\nAfter.\n\nbegin 9 o'clock\nend of day"
    assert [(one.name, one.content_type, one.open().read()) for one in found.files] == [
        ("täble.csv", "text/csv", content)
    ]


def test_a_picture_of_an_emoji_is_the_emoji():
    mail = EmailMessage()
    mail.set_content(
        '<p>Yes <img alt="👍🏽" src="https://x.example/1.png"><img alt="logo" src="https://x.example/2.png"></p>',
        subtype="html",
    )
    assert strip.answer_of(read(mail)) == "Yes 👍🏽[logo]"


def test_pages_around_a_file_stay_apart():
    mail = EmailMessage()
    mail.set_content("<p>First</p>", subtype="html")
    mail.make_mixed()
    mail.attach(MIMEText("<html><body>Second</body></html>", "html"))
    assert strip.answer_of(read(mail)).split() == ["First", "Second"]
    assert "First" in strip.answer_of(read(mail)).splitlines()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_of_a_page_the_words_are_left(page):
    mail = EmailMessage()
    mail.set_content(page, subtype="html")
    assert strip.answer_of(read(mail)) == "Yes"
