"""How mail programs introduce an older mail, and what they add below a text, by language."""

from __future__ import annotations

import re

_WROTE = (
    "wrote", "writes", "schrieb", "hat geschrieben", "a écrit", "écrit", "escribió", "escribio", "ha scritto", "scrive", "schreef",
    "escreveu", "skrev", "kirjoitti", "napisał", "napisał(a)", "napsal", "napsal(a)", "napísal", "написал", "написала",
    "пишет", "писал", "написав", "пише", "yazdı", "ezt írta", "írta", "a scris", "έγραψε", "va escriure", "rašė",
    "rakstīja", "kirjutas", "je napisao", "je napisala", "je napisal", "написа", "viết", "menulis", "เขียน", "님이 작성",
    "작성", "のメール", "さんは書きました", "写道", "寫道", "写到", "כתב", "כתבה", "מאת", "كتب", "نوشت", "skrifaði", "idatzi du",
)  # fmt: skip
WROTE = re.compile("|".join(re.escape(word) for word in sorted(_WROTE, key=len, reverse=True)), re.IGNORECASE)

_LABELS = (
    # from · sent · date · to · cc · subject, in the languages of Outlook and its kin
    "From", "Sent", "Date", "To", "Cc", "Subject", "Reply-To", "Importance",
    "Von", "Gesendet", "Datum", "An", "Betreff",
    "De", "Envoyé", "Envoyé le", "À", "A", "Objet", "Date",
    "Enviado", "Enviado el", "Para", "Asunto", "Fecha", "CC",
    "Da", "Inviato", "Data", "Oggetto",
    "Van", "Verzonden", "Aan", "Onderwerp",
    "Enviada em", "Enviado em", "Assunto",
    "Från", "Skickat", "Till", "Ämne", "Kopia",
    "Fra", "Sendt", "Til", "Emne", "Dato",
    "Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "Kopio",
    "Od", "Wysłano", "Wysłane", "Do", "DW", "Temat",
    "Odesláno", "Komu", "Předmět", "Kopie", "Odoslané", "Predmet",
    "От", "Отправлено", "Кому", "Тема", "Дата", "Копия", "Від", "Надіслано", "Копія",
    "Kimden", "Gönderildi", "Gönderme", "Tarih", "Kime", "Konu", "Bilgi",
    "Feladó", "Küldve", "Címzett", "Tárgy", "Elküldve",
    "De la", "Trimis", "Către", "Subiect",
    "Από", "Στάλθηκε", "Προς", "Θέμα", "Ημερομηνία",
    "差出人", "送信日時", "宛先", "件名", "日付", "送信元", "寄件者", "收件者", "主旨", "日期", "寄件日期", "发件人", "发送时间",
    "收件人", "主题", "抄送", "보낸 사람", "보낸 날짜", "받는 사람", "제목", "날짜",
    "מאת", "נשלח", "אל", "נושא", "תאריך", "من", "إلى", "الموضوع", "تاريخ الإرسال", "التاريخ", "تم الإرسال",
    "Từ", "Ngày", "Đến", "Tới", "Chủ đề", "Đã gửi", "Dari", "Dikirim", "Kepada", "Perihal", "จาก", "ส่ง", "ถึง", "เรื่อง",
    "Poslano", "Za", "Zadeva", "Nuo", "Išsiųsta", "Kam", "Tema", "No", "Nosūtīts", "Temats", "Saatja", "Saadetud", "Adressaat", "Teema",
    "Изпратено", "До", "Относно", "Пошиљалац", "Послато", "За", "Наслов", "Enviat", "Per a", "Assumpte", "Frá", "Efni", "Nork", "Bidalia",
    "Nori", "Gaia", "از", "ارسال شده", "به", "موضوع", "से", "भेजा गया", "को", "विषय",
)  # fmt: skip
BLOCK_LABELS = re.compile(
    r"[ \t>]*[*_]{0,2}(?:" + "|".join(re.escape(word) for word in sorted(set(_LABELS), key=len, reverse=True)) + r")"
    r"[*_]{0,2}[ \u00a0]?[:：][*_]{0,2}(?:\s|$|.*[@\d])",
)
PAIR = r"[ \t>]*[*_]{0,2}[^:：@\d]{1,30}[:：]"
BLOCK_SHAPE = (
    re.compile(PAIR + r".*<[^<>\s]+@[^<>\s]+>\s*$"),
    re.compile(PAIR + r"(?=.*\d{1,2}[:.h]\d{2})(?=.*(?:\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}))"),
    re.compile(PAIR + r".*[^<>\s]+@[^<>\s]+"),
    re.compile(PAIR),
)
"""The head of an older mail in any language: from an address, at a time, to an address, about something."""
DATED = re.compile(r"@|\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
SEPARATOR = re.compile(
    r"_{20,}$|-{20,}$|\*{20,}$|"
    r"-{2,} ?(?:Original Message|Originalnachricht|Original Appointment|Ursprünglicher Termin|Rendez-vous d['’]origine|Cita original|元の予定|Original-Nachricht|Ursprüngliche Nachricht|Urspr(?:ü|ue)ngliche E-?Mail|Message d['’]origine|"
    r"Message original|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Mensagem original|"
    r"Ursprungligt meddelande|Oprindelig meddelelse|Opprinnelig melding|Alkuperäinen viesti|Wiadomość oryginalna|"
    r"Původní zpráva|Исходное сообщение|Пересылаемое сообщение|Orijinal Mesaj|Eredeti üzenet|Mesaj original|"
    r"元のメッセージ|Original Message \(.*\)|原始邮件|原始郵件|원본 메시지|הודעה מקורית|الرسالة الأصلية) ?-{2,}\s*$",
    re.IGNORECASE,
)
HEADED = re.compile(r"-{4,} ?[^-\s].{2,60} ?-{4,}\s*$")
"""Words between dashes: what stands above the head of an older mail, whatever the language."""
LIST_LINE = re.compile(r"_{30,}$")
OF_LIST = re.compile(r"mailing list|listinfo|unsubscribe|list-manage|Mailingliste|liste de diffusion", re.IGNORECASE)
"""What a mailing list writes below the line that it draws under each mail."""
_DEVICE = r"(?:i ?Phon\w*|i ?Pad|i ?Pod|Android|Samsung|Galaxy|Huawei|Xiaomi|Pixel|OnePlus|Nokia|BlackBerry|Windows|Outlook|Yahoo|Proton|"
_DEVICE += r"Mail|Handy|Smartphone|Smartphones|mobile|Mobil\w*|telefon\w*|téléphone|móvil|celular|Tablet|K-9|Nine|Spark|Thunderbird|"
_DEVICE += r"GMX|WEB\.DE|FairEmail|BlueMail|myMail|Aqua ?Mail|Airmail|Mailspring|Mailbird|Missive|Shortwave|Canary|Edison|HEY|Tutanota|"
_DEVICE += r"Tuta|Superhuman|AOL|myPhone)"
_MINE = r"(?=.*(?:" + _DEVICE + r"|\b(?:mein\w*|mon|mi|mio|mia|meu|minha|mijn|min|mitt|App)\b))"
"""Ahead of what begins a sentence that somebody may write, too: a machine or a program is named, or is called one's own."""
_AND_LINK = r"(?: ?<[^<>]*>)?"
SENT_FROM = re.compile(
    r"(?:"
    r"(?:Sent|Typed|Written|Dictated) (?:from|with|via|using|by|on) .{0,60}" + _DEVICE + r".{0,80}|"
    r"(?:Sent|Typed|Written|Composed) (?:from|on) my .{1,60}|Sent from Front|Yahoo Mail ?: [^:@]{1,60}|"
    r"(?:\S+ ){0,3}Outlook (?:für|for|pour|para|per|för|til|voor|dla|для) (?:iOS|Android|Mac|Windows)(?: Phone)?"
    + _AND_LINK
    + r"(?: [\w.]{1,20})?|"
    r"Get [\w .]{1,30} for (?:iOS|Android|iPhone|Mac|Windows)\b.{0,60}|Sent from Outlook.{0,60}|"
    r"(?:Von|Vom) mein\w* .{0,60}gesendet.{0,10}|"
    + _MINE
    + r"Gesendet (?:von|mit|über|aus) .{1,80}|"
    + _MINE
    + r"(?:Diese Nachricht wurde|Von) .{1,80}(?:gesendet|geschickt)\.?|Holen Sie sich Outlook.{0,60}|"
    + _MINE
    + r"Envoy[ée]e? (?:de(?:puis)?|à partir (?:de|d['’])|avec|via|par) ?.{1,80}|T[ée]l[ée]charger Outlook.{0,60}|"
    r"Obten(?:ez|ir) Outlook.{0,60}|Provenance ?: Courrier .{1,30}|"
    + _MINE
    + r"Enviado (?:desde|do|de|a partir do|con|com|pelo) .{1,80}|Obtener Outlook.{0,60}|Obter o? ?Outlook.{0,60}|"
    + _MINE
    + r"Inviato (?:da|dal|con) .{1,80}|Ottieni Outlook.{0,60}|"
    + _MINE
    + r"(?:Verstuurd|Verzonden) (?:vanaf|vanuit|met|via) .{1,80}|Outlook voor .{1,40} downloaden|"
    + _MINE
    + r"(?:Skickat|Skickades) (?:från|med) .{1,80}|Hämta Outlook.{0,60}|"
    + _MINE
    + r"Sendt (?:fra|med) .{1,80}|Hent Outlook.{0,60}|Lähetetty .{1,80}|Hanki Outlook.{0,60}|"
    r"Wysłan[eo] (?:z|za pomocą) .{1,80}|Pobierz .{0,20}Outlook.{0,60}|Odesl[áa]no z .{1,80}|Odoslané z .{1,80}|"
    r"Отправлено (?:с|из|от) .{1,80}|Надіслано (?:з|із) .{1,80}|.{1,60}(?:gönderildi|'?umdan gönderildi)\.?|"
    r"Küldve .{1,80}|Trimis de (?:pe|la) .{1,80}|Στάλθηκε από .{1,80}|Enviat des .{1,80}|"
    r"(?:(?:iOS|Android|Mac|Windows) ?版 ?)?Outlook(?: for \w+)?" + _AND_LINK + r" ?を(?:入手|取得).{0,20}|"
    r"(?:Proton|K-9).{0,40}で送信(?:されました|しました).{0,40}|(?:ال|ا)حص[و]?ل على Outlook .{1,60}|"
    r"مُ?رسَ?ل (?:من|بواسطة|عبر) .{1,80}|أُ?رسلت من .{1,80}|"
    r".{1,60}から送信|.{0,10}から送信されました|发自我的.{1,60}|從我的.{1,60}傳送|發自我的.{1,60}|나의 .{1,60}에서 보냄|"
    r"נשלח מה?.{1,80}|تم الإرسال من .{1,80}|Được gửi từ .{1,80}|Đã gửi từ .{1,80}|Dikirim dari .{1,80}|"
    r"(?:Poslano (?:s|sa|z|iz)|Изпратено (?:от|с)|Послато (?:са|из)|Išsiųsta iš|Nosūtīts no|Saadetud|Dihantar daripada|ส่งจาก|ارسال.{0,3}شده از) "
    r".{0,60}" + _DEVICE + r".{0,40}|.{0,40}" + _DEVICE + r".{0,20} (?:से भेजा गया|bidalia|gönderildi)"
    r")(?:\s*<?https?://\S*>?)?\s*$",
    re.IGNORECASE,
)
