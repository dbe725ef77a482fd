"""The 5,000 rows of the golden file, drawn with a fixed seed, and what this version makes of them.

Only additions at the end of a list keep the rows before them; so nothing here is edited, and what is to be
covered besides is a kind of its own, drawn after the others.
"""

# ruff: noqa: E501  (lists of samples are read better in few lines)
from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import Refusal, RowReader
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text.lexicon import Lexicon, LexiconEntry
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.text.text_rules import TEXT_VERSION, rules_of

SEED, ROWS = 20261130, 5_000
HEADER = ("id", "text", "language")
COLUMNS = Columns((0,), (1,), None, 2, "")
OPTIONS = ("plain", "repair", "numbers", "lexicon", "all", "sentence", "strip")
LEXICON = Lexicon(
    [
        LexiconEntry("Nike", "Neik", "de"), LexiconEntry("SQL", "sequel"), LexiconEntry("GIF", "jif", case_sensitive=True),
        LexiconEntry("kg", "Kilo"), LexiconEntry("™", ""), LexiconEntry("Tōkyō", "Tokio"), LexiconEntry("молоко", "млеко", "ru"),
        LexiconEntry("box", "carton", "en"),
    ]
)  # fmt: skip

WORDS = {
    "en": "The quick box SQL GIF Nike of shoes comes with free shipping and twelve months of warranty",
    "de": "Der schöne Schuh von Nike mit weißer Sohle kostet weniger als übliche Größen für Füße",
    "fr": "Le café crème déjà servi à l’hôtel où naïfs et garçons goûtent des œufs très frais",
    "es": "El niño pequeño quería más piñata con azúcar y canción según la mañana única",
    "it": "La città è più bella perché c’è già il caffè con la qualità di sempre",
    "pl": "Źdźbło trawy gęś jaźń łódź mała książka piękny żółw świeży chleb ćma",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy a čerstvé mléko z hor",
    "ru": "Свежее молоко и тёплый хлеб для каждого дома быстро вкусно недорого",
    "uk": "Щедрий ґазда їв м’який їжак і пив каву з цукром у місті",
    "el": "Η γρήγορη αλεπού πηδά πάνω από το τεμπέλικο σκυλί στην Ελλάδα",
    "tr": "İstanbul’da ılık çay içen kız Ğüzel bir gün için şapka aldı",
    "ar": "القهوة العربية طازجة مع التمر الفاخر والشحن مجاني لجميع المدن",
    "he": "הקפה הטרי מגיע עם משלוח חינם לכל הארץ ושירות מצוין תמיד",
    "fa": "کفش‌های ورزشی می‌توانند با گارانتی دوازده ماهه ارسال شوند",
    "hi": "ताज़ा कॉफ़ी मुफ़्त डिलीवरी के साथ हर घर में आती है",
    "bn": "তাজা চা বিনামূল্যে প্রতিটি বাড়িতে পৌঁছে যায় সকালে",
    "ta": "புதிய காபி இலவச விநியோகத்துடன் வீட்டிற்கு வருகிறது",
    "th": "กาแฟสด ส่งฟรี ทั่วประเทศ พร้อมรับประกัน สิบสองเดือน",
    "zh": "新鲜咖啡 免费送货 到家 质量保证 十二个月 售后服务",
    "ja": "新鮮な コーヒー を 無料で お届け します Tōkyō 東京 から １２３",
    "ko": "신선한 커피 무료 배송 으로 집까지 보내 드립니다",
    "vi": "Cà phê tươi giao hàng miễn phí đến tận nhà với bảo hành",
    "": "Plain words without any language shoes café молоко 咖啡 box",
}
LANGUAGES = (*WORDS, "en-GB", "de-AT", "pt-BR", "zh-Hant", "en_us", "x-klingon", "deu")
ENDS = (".", "!", "?", "…", "。", "؟", "।", "", ".”", ".)", " -", ";")
TAGS = ("p", "b", "i", "ul", "li", "h2", "span", "strong", "td", "div", "em")
EMOJI = ("😀", "👩‍👩‍👧", "🇩🇪", "👍🏽", "❤️", "☕", "🏳️‍🌈", "1️⃣", "™", "®", "©", "•", "→", "★")
MARKS = ("\u200b", "\ufeff", "\u00ad", "\u200e", "\u202e", "\u2066", "\u2069", "\u200d", "\u200c", "\x00", "\x07",
         "\u0085", "\u2028", "\u00a0", "\u202f", "\t", "\r\n", "\x1b[1m", "\ufffd", "\U000e0041")  # fmt: skip
ENTITIES = ("&amp;", "&nbsp;", "&lt;3", "&eacute;", "&#233;", "&#x1F600;", "&amp;amp;", "&copy", "&bogus;", "&euro;",
            "&#0;", "&ndash;", "AT&T", "R&D")  # fmt: skip
SECTIONS = ("<script>var a = '<p>no</p>';</script>", "<style>p { color: red }</style>", "<!-- a comment -->",
            "<br/>", "<br>", "<img alt='a shoe' src=x>", "<a href=\"https://a.example/?b=1&c=2\">", "</a>", "<hr>",
            "a < b", "x <3 y", "<5 kg", "<sound>", "<![CDATA[raw]]>", "<p", "</", "<?php echo 1 ?>")  # fmt: skip
MARKDOWN = ("**bold**", "# Head", "- item", "[a link](https://a.example)", "`code`", "1. first", "> quote", "___",
            "| a | b |")  # fmt: skip
SYMBOLS = ("---", "...", "!!!", "?", "☆☆☆", "—", "   ", "", "\u200b", "*", "«»", "()", "&nbsp;", "<br>", "🙂")


class Row(NamedTuple):
    """A row of a catalog: its option, its language cell and its text."""

    option: str
    language: str
    source: str


def words(draw: random.Random, language: str, most: int = 14) -> str:
    base = language if language in WORDS else "de" if language in ("de-AT", "deu") else "en"
    known = WORDS[base].split()
    return " ".join(draw.choice(known) for _ in range(draw.randint(1, most)))


def sentences(draw: random.Random, language: str, count: int) -> str:
    return " ".join(words(draw, language) + draw.choice(ENDS) for _ in range(count))


def number(draw: random.Random) -> str:
    n, cents = draw.randint(0, 10 ** draw.randint(1, 9)), draw.randint(0, 99)
    forms: tuple[Callable[[], str], ...] = (
        lambda: str(n), lambda: f"{n:,}", lambda: f"{n:,}".replace(",", "."), lambda: f"{n:,}".replace(",", "\u202f"),
        lambda: f"${n}.{cents:02}", lambda: f"{n},{cents:02} €", lambda: f"£{n}", lambda: f"€ {n}", lambda: f"{n} kg",
        lambda: f"{n}%", lambda: f"{cents}°C", lambda: f"{cents} x {cents} cm", lambda: f"{n}th",
        lambda: f"{1 + n % 28}.{1 + n % 12}.2026", lambda: f"2026-{1 + n % 12:02}-{1 + n % 28:02}",
        lambda: f"{n % 24}:{n % 60:02} Uhr", lambda: f"{n % 12 + 1} pm", lambda: f"+49 30 {n}", lambda: f"№ {n}",
        lambda: f"{n}-{n + 5}", lambda: f"1/{cents + 2}", lambda: f"v{cents}.{n % 10}.1", lambda: f"-{n}",
        lambda: f"{n}e{cents % 9}", lambda: f"SKU{n:08}", lambda: f"{cents}. Platz", lambda: "MMXXVI", lambda: "½",
        lambda: f"{n} m²", lambda: f"{cents}h{n % 60:02}", lambda: f"{n} km/h", lambda: f"00{n}",
    )  # fmt: skip
    return draw.choice(forms)()


def sprinkled(draw: random.Random, text: str, things: tuple[str, ...]) -> str:
    """A text with some of these things put in anywhere."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(text))
        text = text[:at] + draw.choice(things) + text[at:]
    return text


def html(draw: random.Random, language: str) -> str:
    out = []
    for _ in range(draw.randint(1, 4)):
        tag, inner = draw.choice(TAGS), words(draw, language, 7)
        out.append(f'<{tag} class="a">{inner}</{tag}>' if draw.random() < 0.5 else f"<{tag}>{inner}")
    return draw.choice(("", " ", "\n")).join(out)


def mojibake(draw: random.Random, language: str) -> str:
    text = sentences(draw, draw.choice(("de", "fr", "es", "pl", "ru", language)), 1)
    wrong = draw.choice(("cp1252", "latin-1", "cp1251", "cp437"))
    for _ in range(draw.choice((1, 1, 1, 2))):
        text = text.encode().decode(wrong, "replace")
    return text


def ssml(draw: random.Random, language: str) -> str:
    inner = words(draw, language)
    forms = (
        f"<speak>{inner}</speak>", f'<speak>{inner}<break time="{draw.randint(1, 9)}00ms"/>{inner}</speak>',
        f'<speak version="1.0" xml:lang="de"><p><s>{inner}</s></p></speak>',
        f'<speak><prosody rate="slow" pitch="+10%">{inner}</prosody></speak>',
        f'<speak><emphasis level="strong">{inner}</emphasis> &amp; {inner}</speak>',
        f'<speak><say-as interpret-as="characters">SQL</say-as> {inner}</speak>',
        f'<speak><sub alias="World Wide Web">WWW</sub> {inner} 5 kg</speak>',
        f"<speak>{inner}", f"<speak><audio src='x'/>{inner}</speak>", f"<?xml version='1.0'?><speak>{inner}</speak>",
        "<speak></speak>", f"<speak><voice name='a'>{inner}</voice></speak>",
    )  # fmt: skip
    return draw.choice(forms)


def long_text(draw: random.Random, language: str) -> str:
    text = sentences(draw, language, draw.choice((6, 8, 12)))
    if draw.random() < 0.05:
        text = " ".join([text] * (1 + 4_400 // len(text)))
    if draw.random() < 0.2:
        text = text.replace(" ", "")  # nowhere to cut
    return text


def oddity(draw: random.Random, language: str) -> str:
    text = sentences(draw, language, draw.randint(1, 2))
    changes: tuple[Callable[[], str], ...] = (
        text.upper, text.lower, lambda: unicodedata.normalize("NFD", text), lambda: f"  {text}\n\n ",
        lambda: text.replace(" ", "  "), lambda: f'"{text}"', lambda: text.replace(" ", "\\n"), lambda: f"= {text}",
        lambda: f"{text} https://a.example/p?x=1 me@a.example", lambda: f"{{{{ {text} }}}}", lambda: text * 2,
        lambda: draw.choice(SYMBOLS), lambda: f"{text}\n# {text}\n- {text}", lambda: text[::-1],
        lambda: f"Dr. {text} z. B. {text} etc. e.g. {text}", lambda: unicodedata.normalize("NFKD", text),
        lambda: "".join(c + "\u0301" for c in text[:30]), lambda: f"{text}\ud800" if draw.random() < 0.2 else text,
    )  # fmt: skip
    return draw.choice(changes)()


def drawn(draw: random.Random, language: str) -> str:
    """One text of some kind."""
    kind = draw.randrange(11)
    if kind == 0:
        return sentences(draw, language, draw.randint(1, 3))
    if kind == 1:
        return html(draw, language)
    if kind == 2:
        return (
            " ".join([words(draw, language, 5), number(draw), words(draw, language, 4), number(draw)]) + "."
        )
    if kind == 3:
        return sprinkled(draw, sentences(draw, language, 1), EMOJI)
    if kind == 4:
        return sprinkled(draw, sentences(draw, language, 1), MARKS)
    if kind == 5:
        return sprinkled(draw, html(draw, language), ENTITIES)
    if kind == 6:
        return sprinkled(draw, sentences(draw, language, 2), (*SECTIONS, *MARKDOWN))
    if kind == 7:
        return mojibake(draw, language)
    if kind == 8:
        return ssml(draw, language)
    if kind == 9:
        return long_text(draw, language)
    return oddity(draw, language)


def rows() -> Iterator[Row]:
    """All rows, the same on every run and machine."""
    draw = random.Random(SEED)
    for _ in range(ROWS):
        language = draw.choice(LANGUAGES)
        yield Row(draw.choice(OPTIONS), language, drawn(draw, language))


@lru_cache
def reader(provider: str, option: str, version: int = TEXT_VERSION) -> RowReader:
    """Return what reads a catalog's rows for this provider under this option and version of the rules."""
    profile = PROFILES[provider]
    spec = JobSpec(
        provider, profile.models[0], profile.default_voice, "", profile.formats[0], 1.0, "", "memory://store",
        "memory://output", "{id}.{ext}", 8, segments="sentence" if option in ("sentence", "all") else "auto",
        ssml="strip" if option == "strip" else "auto", repair=option in ("repair", "all"),
        read_numbers=option in ("numbers", "all"), any_voice=True,
        text_rules=version,
    )  # fmt: skip
    lexicon = LEXICON if option in ("lexicon", "all") else None
    return RowReader(
        spec, HEADER, COLUMNS, Wording(spec.repair, lexicon, spec.read_numbers, rules_of(version))
    )


class Made(NamedTuple):
    """What becomes of a row: the texts of its calls and the first half of their keys; none if refused."""

    texts: tuple[str, ...]
    key: str


REFUSED = Made((), "refused")


def made(provider: str, row: Row, version: int = TEXT_VERSION) -> Made:
    try:
        read = reader(provider, row.option, version).read(1, ("id", row.source, row.language))
    except Refusal:
        return REFUSED
    return Made(read.texts, _short(read.keys))


def _short(keys: tuple[bytes, ...]) -> str:
    """One key's first bytes, or those of all keys together: enough to see a difference."""
    mixed = 0
    for at, key in enumerate(keys):
        mixed ^= int.from_bytes(key[at % 24 : at % 24 + 5], "big")
    return f"{mixed:010x}"
