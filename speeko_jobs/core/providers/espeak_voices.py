"""Which espeak-ng voice speaks a language: BCP 47 tags and espeak's own voice names to one voice name.

The tables hold the voices and variants of espeak-ng 1.52 that have a dictionary. A pure look-up, so that
a row in a language that espeak does not speak is refused at plan time. It starts no espeak.
"""

from __future__ import annotations

DEFAULT_VOICE = "en-us"

_VOICES = """
af am an ar as az ba be bg bn bpy bs ca ca-ba ca-nw ca-va chr cmn cmn-latn-pinyin cs cv cy da de el en
en-029 en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-gb-x-rp en-shaw en-us en-us-nyc eo es es-419 et eu
fa fa-latn fi fr fr-be fr-ch ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kk kl
kn ko kok ku ky la lb lfn lt ltg lv mi mk ml mr ms mt mto my nb nci ne nl nog om or pa pap piqd pl pt
pt-br py qdb qu quc qya ro ru ru-cl ru-lv sd shn si sjn sk sl smj sq sr sv sw ta te th ti tk tn tr tt ug
uk ur uz vi vi-vn-x-central vi-vn-x-south yue yue-latn-jyutping
"""
VOICES = frozenset(_VOICES.split())

_VARIANTS = """
Alex Alicia Andrea Andy Annie AnxiousAndy Demonic Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco
Mario Michael Mike Nguyen Reed RicishayMax RicishayMax2 RicishayMax3 Storm Tweaky UniRobot adam anika
anikaRobot announcer antonio aunty belinda benjamin boris caleb croak david ed edward edward2 f1 f2 f3 f4
f5 fast grandma grandpa gustave ian iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4
klatt5 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel mike2 norbert pablo paul pedro
quincy rob robert robosoft robosoft2 robosoft3 robosoft4 robosoft5 robosoft6 robosoft7 robosoft8 sandro
shelby steph steph2 steph3 travis victor whisper whisperf zac
"""
VARIANTS = tuple(_VARIANTS.split())
_VARIANT_BY_LOWER = {name.lower(): name for name in VARIANTS}

# Regions whose usage the wider voice is nearer to than the language's default (CLDR parent locales).
_BRITISH = "ag ai au bb bm bw bz ck cm cy dm fj fk gb gd gg gh gi gm gy hk ie im in je jm ke ki kn ky lc lk"
_BRITISH += " ls mo ms mt mu mw my na ng nz pg pk sb sc sg sh sl sz tc to tt tz ug uk vc vg vu ws za zm zw"
_LATIN_AMERICAN = "ar bo br bz cl co cr cu do ec gt hn mx ni pa pe pr py sv us uy ve"

# Tags that espeak names otherwise. Looked up at each step of the way from region to language.
LANGUAGES = {
    "en": "en-us",
    "no": "nb",
    "nn": "nb",
    "zh": "cmn",
    "zh-yue": "yue",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-hant-hk": "yue",
    "zh-hant-mo": "yue",
    "zh-hak": "hak",
    "sh": "hr",
    "hbs": "hr",
    "mo": "ro",
    "iw": "he",
    "in": "id",
    "nan": "",
    "zh-nan": "",
    "fr-fr": "fr",
    "pt-pt": "pt",
    "hy-arevmda": "hyw",
    "tlh": "piqd",
    "arb": "ar",
    "pes": "fa",
    "zsm": "ms",
    "swh": "sw",
    "azj": "az",
    "uzn": "uz",
    "ekk": "et",
    "lvs": "lv",
    "als": "sq",
    "npi": "ne",
    "ory": "or",
    **{f"en-{region}": "en" for region in _BRITISH.split()},
    **{f"es-{region}": "es-419" for region in _LATIN_AMERICAN.split()},
}


def espeak_voice(voice: str, language: str) -> str | None:
    """The name that espeak-ng loads for a row's voice and language, or None where it has no such voice.

    `voice` is empty (the language decides; en-us where that is empty too), a voice or language tag
    ("pt-br"), such a name with a variant ("en-us+f3"), or a variant alone ("+f3"), which is put on the
    language's voice. A whole voice wins over the language. Case and "_" for "-" do not matter.
    """
    name, plus, variant = voice.strip().partition("+")
    base = _base(name or language or DEFAULT_VOICE)
    if base is None or not plus:
        return base
    known = _VARIANT_BY_LOWER.get(variant.strip().lower())
    return f"{base}+{known}" if known else None


def _base(tag: str) -> str | None:
    parts = tag.strip().lower().replace("_", "-").split("-")
    while parts:
        name = "-".join(parts)
        if name in LANGUAGES:
            return LANGUAGES[name] or None
        if name in VOICES:
            return name
        parts.pop()
    return None
