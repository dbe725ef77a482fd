"""Signs beside numbers and their names in English, German and French: units, money, months, connecting words.

Data only. A name is (one, many, gender); the genders are those of the number rules: masculine, feminine,
neuter. How the names are put together is told in `verbalize`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from speeko_jobs.core.text.text_rules import TextRules

Name = tuple[str, str, str]
M, F, N = "masculine", "feminine", "neuter"


@dataclass(frozen=True)
class Money:
    """A currency: its name and that of its hundredth, None where it has none."""

    unit: Name
    cent: Name | None


@dataclass(frozen=True, eq=False)  # there is one of each; it is a key of caches
class SpokenLanguage:
    """What one language calls the signs. `decimal` and `group` are its marks inside numbers."""

    code: str
    decimal: str
    group: str
    point: str
    minus: str
    plus: str
    by: str  # 30 x 40
    times: str  # 6 x 330 ml
    to: str  # 10-12
    per: str  # 5 €/kg
    and_: str  # dollars and cents
    months: tuple[str, ...]
    scales: Mapping[str, str]  # what may follow an amount → how it is said
    units: Mapping[str, Name]
    money: Mapping[str, Money]
    denominators: Mapping[int, tuple[str, str]]
    is_exact: bool = False  # TextRules.exact_numbers


# Units of what is counted, not measured: "6 x 330 ml" is six times, "30 x 40 cm" is by.
PORTIONS = frozenset({"mg", "mcg", "g", "kg", "ml", "cl", "dl", "l", "oz", "fl oz", "lb"})

# Signs and codes → the key in Tongue.money. Longer ones first, as they are tried in this order.
CURRENCY_SIGNS = {
    "US$": "USD", "CA$": "CAD", "AU$": "AUD", "C$": "CAD", "A$": "AUD", "CHF": "CHF", "SFr.": "CHF",
    "USD": "USD", "EUR": "EUR", "GBP": "GBP", "CAD": "CAD", "AUD": "AUD", "JPY": "JPY", "INR": "INR",
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR",
}  # fmt: skip

# Other spellings → the key in Tongue.units.
UNIT_SPELLINGS = {
    "″": '"', "”": '"', "µg": "mcg", "μg": "mcg", "µm": "um", "μm": "um", "mL": "ml", "cL": "cl", "dL": "dl",
    "L": "l", "lbs": "lb", "m2": "m²", "cm2": "cm²", "mm2": "mm²", "km2": "km²", "m3": "m³", "cm3": "cm³",
    "sqm": "m²", "qm": "m²", "KB": "kB", "Mb": "MB", "Gb": "GB", "KHz": "kHz", "Mhz": "MHz", "Ghz": "GHz",
    "hz": "Hz", "Kg": "kg", "KG": "kg", "Kwh": "kWh", "kwh": "kWh", "kw": "kW", "Mah": "mAh", "mah": "mAh",
    "gsm": "g/m²", "g/m2": "g/m²", "kmh": "km/h", "Stk": "Stk.", "Std": "Std.", "ºC": "°C", "ºF": "°F",
    "º": "°", "ohm": "Ω", "Ω": "Ω", "dBA": "dB", "rpm": "rpm", "U/min": "rpm", "tr/min": "rpm", "CM": "cm",
    "MM": "mm",
}  # fmt: skip


def _same(one: str, gender: str) -> Name:
    return one, one, gender


def _s(one: str, gender: str = N) -> Name:
    return one, one + "s", gender


_DOLLAR, _EN_CENT = _s("dollar"), _s("cent")
ENGLISH = SpokenLanguage(
    code="en",
    decimal=".",
    group=",",
    point="point",
    minus="minus",
    plus="plus",
    by="by",
    times="times",
    to="to",
    per="per",
    and_="and",
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
    scales={
        "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion",
        "k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million", "bn": "billion",
        "B": "billion",
    },
    units={
        "mm": _s("millimeter"), "cm": _s("centimeter"), "dm": _s("decimeter"), "m": _s("meter"),
        "km": _s("kilometer"), "um": _s("micrometer"), '"': ("inch", "inches", N),
        "in": ("inch", "inches", N), "ft": ("foot", "feet", N),
        "yd": _s("yard"), "mm²": _s("square millimeter"), "cm²": _s("square centimeter"),
        "m²": _s("square meter"), "km²": _s("square kilometer"), "m³": _s("cubic meter"),
        "cm³": _s("cubic centimeter"), "mg": _s("milligram"), "mcg": _s("microgram"), "g": _s("gram"),
        "kg": _s("kilogram"), "t": _s("tonne"), "oz": _s("ounce"), "fl oz": _s("fluid ounce"),
        "lb": _s("pound"), "ml": _s("milliliter"), "cl": _s("centiliter"), "dl": _s("deciliter"),
        "l": _s("liter"), "g/m²": ("gram per square meter", "grams per square meter", N),
        "m/s": ("meter per second", "meters per second", N),
        "km/h": ("kilometer per hour", "kilometers per hour", N),
        "mph": ("mile per hour", "miles per hour", N),
        "%": _same("percent", N), "°C": ("degree Celsius", "degrees Celsius", N),
        "°F": ("degree Fahrenheit", "degrees Fahrenheit", N), "°": _s("degree"), "V": _s("volt"),
        "mW": _s("milliwatt"), "W": _s("watt"), "kW": _s("kilowatt"), "Wh": _s("watt-hour"),
        "kWh": _s("kilowatt-hour"), "mA": _s("milliamp"), "mAh": _s("milliamp-hour"), "Ah": _s("amp-hour"),
        "Hz": _same("hertz", N), "kHz": _same("kilohertz", N), "MHz": _same("megahertz", N),
        "GHz": _same("gigahertz", N), "dB": _s("decibel"), "kB": _s("kilobyte"), "MB": _s("megabyte"),
        "GB": _s("gigabyte"), "TB": _s("terabyte"), "MP": _s("megapixel"), "px": _s("pixel"),
        "lm": ("lumen", "lumens", N), "Ω": _s("ohm"), "Nm": _s("newton-meter"), "kcal": _s("kilocalorie"),
        "kJ": _s("kilojoule"), "rpm": ("revolution per minute", "revolutions per minute", N),
        "psi": ("pound per square inch", "pounds per square inch", N), "h": _s("hour"), "min": _s("minute"),
        "ms": _s("millisecond"), "pcs": _s("piece"), "pcs.": _s("piece"), "pc": _s("piece"),
    },
    money={
        "USD": Money(_DOLLAR, _EN_CENT), "CAD": Money(_s("Canadian dollar"), _EN_CENT),
        "AUD": Money(_s("Australian dollar"), _EN_CENT), "EUR": Money(_s("euro"), _EN_CENT),
        "GBP": Money(_s("pound"), ("penny", "pence", N)), "CHF": Money(_s("Swiss franc"), _s("centime")),
        "JPY": Money(_same("yen", N), None), "INR": Money(_s("rupee"), ("paisa", "paise", N)),
    },
    denominators={
        2: ("half", "halves"), 3: _s("third")[:2], 4: _s("quarter")[:2], 5: _s("fifth")[:2],
        6: _s("sixth")[:2], 8: _s("eighth")[:2], 10: _s("tenth")[:2], 16: _s("sixteenth")[:2],
    },
)  # fmt: skip

_DE_CENT = _same("Cent", M)
GERMAN = SpokenLanguage(
    code="de",
    decimal=",",
    group=".",
    point="Komma",
    minus="minus",
    plus="plus",
    by="mal",
    times="mal",
    to="bis",
    per="pro",
    and_="und",
    months=(
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
        "November", "Dezember",
    ),
    scales={
        "Tsd.": "Tausend", "Tausend": "Tausend", "Mio.": "Millionen", "Mio": "Millionen",
        "Millionen": "Millionen", "Million": "Million", "Mrd.": "Milliarden", "Mrd": "Milliarden",
        "Milliarden": "Milliarden", "Milliarde": "Milliarde",
    },
    units={
        "mm": _same("Millimeter", M), "cm": _same("Zentimeter", M), "dm": _same("Dezimeter", M),
        "m": _same("Meter", M), "km": _same("Kilometer", M), "um": _same("Mikrometer", M),
        '"': _same("Zoll", M), "ft": _same("Fuß", M), "yd": ("Yard", "Yards", N),
        "mm²": _same("Quadratmillimeter", M), "cm²": _same("Quadratzentimeter", M),
        "m²": _same("Quadratmeter", M), "km²": _same("Quadratkilometer", M), "m³": _same("Kubikmeter", M),
        "cm³": _same("Kubikzentimeter", M), "mg": _same("Milligramm", N), "mcg": _same("Mikrogramm", N),
        "g": _same("Gramm", N), "kg": _same("Kilogramm", N), "t": ("Tonne", "Tonnen", F),
        "oz": ("Unze", "Unzen", F), "fl oz": ("Flüssigunze", "Flüssigunzen", F), "lb": _same("Pfund", N),
        "ml": _same("Milliliter", M), "cl": _same("Zentiliter", M), "dl": _same("Deziliter", M),
        "l": _same("Liter", M), "g/m²": _same("Gramm pro Quadratmeter", N),
        "m/s": _same("Meter pro Sekunde", M), "km/h": _same("Kilometer pro Stunde", M),
        "mph": ("Meile pro Stunde", "Meilen pro Stunde", F), "%": _same("Prozent", N),
        "°C": _same("Grad Celsius", M), "°F": _same("Grad Fahrenheit", M), "°": _same("Grad", M),
        "V": _same("Volt", N), "mW": _same("Milliwatt", N), "W": _same("Watt", N), "kW": _same("Kilowatt", N),
        "Wh": ("Wattstunde", "Wattstunden", F), "kWh": ("Kilowattstunde", "Kilowattstunden", F),
        "mA": _same("Milliampere", N), "mAh": ("Milliamperestunde", "Milliamperestunden", F),
        "Ah": ("Amperestunde", "Amperestunden", F), "Hz": _same("Hertz", N), "kHz": _same("Kilohertz", N),
        "MHz": _same("Megahertz", N), "GHz": _same("Gigahertz", N), "dB": _same("Dezibel", N),
        "kB": _same("Kilobyte", N), "MB": _same("Megabyte", N), "GB": _same("Gigabyte", N),
        "TB": _same("Terabyte", N), "MP": _same("Megapixel", N), "px": _same("Pixel", N),
        "lm": _same("Lumen", N), "Ω": _same("Ohm", N), "Nm": _same("Newtonmeter", M),
        "kcal": ("Kilokalorie", "Kilokalorien", F), "kJ": _same("Kilojoule", N),
        "rpm": ("Umdrehung pro Minute", "Umdrehungen pro Minute", F), "psi": _same("PSI", N),
        "h": ("Stunde", "Stunden", F), "Std.": ("Stunde", "Stunden", F), "min": ("Minute", "Minuten", F),
        "ms": ("Millisekunde", "Millisekunden", F), "Stk.": _same("Stück", N),
    },
    money={
        "USD": Money(_same("Dollar", M), _DE_CENT), "CAD": Money(_same("kanadische Dollar", M), _DE_CENT),
        "AUD": Money(_same("australische Dollar", M), _DE_CENT), "EUR": Money(_same("Euro", M), _DE_CENT),
        "GBP": Money(_same("Pfund", N), ("Penny", "Pence", M)),
        "CHF": Money(_same("Franken", M), _same("Rappen", M)), "JPY": Money(_same("Yen", M), None),
        "INR": Money(("Rupie", "Rupien", F), ("Paisa", "Paise", M)),
    },
    denominators={
        2: ("halb", "halbe"), 3: ("drittel", "drittel"), 4: ("viertel", "viertel"), 5: ("fünftel", "fünftel"),
        6: ("sechstel", "sechstel"), 8: ("achtel", "achtel"), 10: ("zehntel", "zehntel"),
        16: ("sechzehntel", "sechzehntel"),
    },
)  # fmt: skip

_CENTIME = _s("centime", M)
FRENCH = SpokenLanguage(
    code="fr",
    decimal=",",
    group=" ",
    point="virgule",
    minus="moins",
    plus="plus",
    by="sur",
    times="fois",
    to="à",
    per="par",
    and_="et",
    months=(
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
        "novembre", "décembre",
    ),
    scales={
        "mille": "mille", "million": "million", "millions": "millions", "milliard": "milliard",
        "milliards": "milliards", "M": "millions", "Mrd": "milliards",
    },
    units={
        "mm": _s("millimètre", M), "cm": _s("centimètre", M), "dm": _s("décimètre", M), "m": _s("mètre", M),
        "km": _s("kilomètre", M), "um": _s("micromètre", M), '"': _s("pouce", M), "ft": _s("pied", M),
        "yd": _s("yard", M), "mm²": ("millimètre carré", "millimètres carrés", M),
        "cm²": ("centimètre carré", "centimètres carrés", M), "m²": ("mètre carré", "mètres carrés", M),
        "km²": ("kilomètre carré", "kilomètres carrés", M), "m³": ("mètre cube", "mètres cubes", M),
        "cm³": ("centimètre cube", "centimètres cubes", M), "mg": _s("milligramme", M),
        "mcg": _s("microgramme", M), "g": _s("gramme", M), "kg": _s("kilogramme", M), "t": _s("tonne", F),
        "oz": _s("once", F), "fl oz": ("once liquide", "onces liquides", F), "lb": _s("livre", F),
        "ml": _s("millilitre", M), "cl": _s("centilitre", M), "dl": _s("décilitre", M), "l": _s("litre", M),
        "g/m²": ("gramme par mètre carré", "grammes par mètre carré", M),
        "m/s": ("mètre par seconde", "mètres par seconde", M),
        "km/h": ("kilomètre par heure", "kilomètres par heure", M),
        "mph": ("mille par heure", "milles par heure", M), "%": _same("pour cent", M),
        "°C": ("degré Celsius", "degrés Celsius", M), "°F": ("degré Fahrenheit", "degrés Fahrenheit", M),
        "°": _s("degré", M), "V": _s("volt", M), "mW": _s("milliwatt", M), "W": _s("watt", M),
        "kW": _s("kilowatt", M), "Wh": _s("wattheure", M), "kWh": _s("kilowattheure", M),
        "mA": _s("milliampère", M), "mAh": _s("milliampère-heure", M), "Ah": _s("ampère-heure", M),
        "Hz": _same("hertz", M), "kHz": _same("kilohertz", M), "MHz": _same("mégahertz", M),
        "GHz": _same("gigahertz", M), "dB": _s("décibel", M), "kB": _s("kilooctet", M),
        "MB": _s("mégaoctet", M), "GB": _s("gigaoctet", M), "TB": _s("téraoctet", M),
        "ko": _s("kilooctet", M), "Mo": _s("mégaoctet", M), "Go": _s("gigaoctet", M),
        "To": _s("téraoctet", M),
        "MP": _s("mégapixel", M), "px": _s("pixel", M), "lm": _s("lumen", M), "Ω": _s("ohm", M),
        "Nm": ("newton-mètre", "newtons-mètres", M), "kcal": _s("kilocalorie", F), "kJ": _s("kilojoule", M),
        "rpm": ("tour par minute", "tours par minute", M),
        "psi": ("livre par pouce carré", "livres par pouce carré", F), "h": _s("heure", F),
        "min": _s("minute", F), "ms": _s("milliseconde", F),
    },
    money={
        "USD": Money(_s("dollar", M), _s("cent", M)),
        "CAD": Money(("dollar canadien", "dollars canadiens", M), _s("cent", M)),
        "AUD": Money(("dollar australien", "dollars australiens", M), _s("cent", M)),
        "EUR": Money(_s("euro", M), _CENTIME), "GBP": Money(_s("livre", F), ("penny", "pence", M)),
        "CHF": Money(("franc suisse", "francs suisses", M), _CENTIME), "JPY": Money(_s("yen", M), None),
        "INR": Money(_s("roupie", F), _s("paisa", M)),
    },
    denominators={
        2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts"), 5: _s("cinquième")[:2],
        6: _s("sixième")[:2], 8: _s("huitième")[:2], 10: _s("dixième")[:2], 16: _s("seizième")[:2],
    },
)  # fmt: skip

SPOKEN_LANGUAGES: Mapping[str, SpokenLanguage] = {tongue.code: tongue for tongue in (ENGLISH, GERMAN, FRENCH)}

# Scales of other languages, which texts mix: "$12.5 million" in German, "5 Mio. €" in English.
_MORE_SCALES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "Tsd.": "thousand", "Mio.": "million", "Mio": "million", "Mrd.": "billion", "Mrd": "billion",
        "millions": "million", "billions": "billion",
    },
    "de": {
        "thousand": "Tausend", "million": "Millionen", "millions": "Millionen", "billion": "Milliarden",
        "billions": "Milliarden", "trillion": "Billionen", "k": "Tausend", "K": "Tausend", "m": "Millionen",
        "M": "Millionen", "mn": "Millionen", "bn": "Milliarden", "B": "Milliarden",
    },
    "fr": {
        "thousand": "mille", "billion": "milliards", "billions": "milliards", "Tsd.": "mille",
        "Mio.": "millions", "Mio": "millions", "Mrd.": "milliards", "k": "mille", "K": "mille",
        "m": "millions", "mn": "millions", "bn": "milliards", "B": "milliards",
    },
}  # fmt: skip


@lru_cache(maxsize=8)
def spoken_languages(rules: TextRules) -> Mapping[str, SpokenLanguage]:
    """Return the languages that have words, by code, as a version of the text rules has them."""
    if not rules.exact_numbers:
        return SPOKEN_LANGUAGES
    return {
        code: replace(tongue, is_exact=True, scales={**tongue.scales, **_MORE_SCALES[code]})
        for code, tongue in SPOKEN_LANGUAGES.items()
    }
