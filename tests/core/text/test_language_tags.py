"""Language columns as tags: nothing known is missed, nothing unknown is merged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.language_tags import MAX_CHARS, shown, tag

ADVENTUREWORKS = """\
Afrikaans af|Albanian sq|Basque eu|Bosnian (Cyrillic) bs-Cyrl|Bosnian (Latin) bs-Latn|Brazilian pt-BR|
Bulgarian bg|Catalan ca|Chinese - Hongkong zh-HK|Chinese - Trad zh-Hant|Croatian hr|Czech cs|Danish da|
Dutch nl|Estonian et|Farsi fa|Finnish fi|Galician gl|Greek el|Gujrati gu|Hindi hi|Hungarian hu|
Icelandic is|Indonesian id|Inuktitut iu|Irish ga|Italian it|Kannada kn|Kazakh kk|Konkani kok|Korean ko|
Latvian lv|Lithuanian lt|Luxenbourgish lb|Macedonian mk|Malaysian ms|Maori mi|Marathi mr|Nepali ne|
Norwegian no|Nynorsk nn|Pashto ps|Polish pl|Portuguese (European) pt-PT|Punjabi pa|Quecha qu|Romanian ro|
Rumansh rm|Russian ru|Serbian - Cyrillic sr-Cyrl|Serbian - Latin sr-Latn|Slovak sk|Slovenian sl|
Spanish es|Swahili sw|Swedish sv|Tamil ta|Telugu te|Tswana tn|Ukrainian uk|Urdu ur|Vietnamese vi|
Welsh cy|Zulu zu"""


def test_the_languages_of_adventureworks_stay_apart() -> None:
    want = dict(entry.strip().rsplit(" ", 1) for entry in ADVENTUREWORKS.split("|"))
    assert len(want) == len(set(want.values())) == 64
    assert {name: tag(name) for name in want} == want


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("", ""), ("  ", ""),
        ("de", "de"), ("DE_at", "de-AT"), ("pt-BR", "pt-BR"), ("EN-us", "en-US"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("es-419", "es-419"), ("DE-de-U-CO-PHONEBK", "de-DE-u-co-phonebk"), ("sl-NEDIS", "sl-nedis"),
        ("ENG", "en"), ("deu_AT", "de-AT"), ("kok", "kok"), ("Twi", "tw"),
        ("French", "fr"), ("français", "fr"), ("Deutsch", "de"), ("日本語", "ja"), (" ENGLISH ", "en"),
        ("Chinese (Traditional)", "zh-Hant"), ("Chinese (Simplified)", "zh-Hans"),
        ("Chinese, Simplified", "zh-Hans"),
        ("Brazilian Portuguese", "pt-BR"), ("Portuguese - Brazil", "pt-BR"), ("English (UK)", "en-GB"),
        ("English (United States)", "en-US"), ("German - Austria", "de-AT"),
        ("Spanish (Latin America)", "es-419"),
    ],
)  # fmt: skip
def test_known(name: str, want: str) -> None:
    assert tag(name) == want


@pytest.mark.parametrize(
    "name",
    ["Unknown", "N/A", "default", "English/French", "Englishman", "German (Old)", "x-mine", "en_US.UTF-8",
     "\x00", "A\x00ࠀ", "\ud800"],
)  # fmt: skip
def test_what_is_not_known_stays(name: str) -> None:
    assert tag(name) == name
    assert tag(f" {name}\n") == name


def test_long_unknown_names_are_cut_but_stay_two() -> None:
    a, b = tag("x" * 60 + "a"), tag("x" * 60 + "b")
    assert a != b
    assert len(a) == len(b) == MAX_CHARS


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_short_stable_tag(name: str) -> None:
    once = tag(name)
    assert len(once) <= MAX_CHARS
    assert tag(once) == once


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("klingon", "'klingon' (tlh)"),
        ("German (Austria)", "'German (Austria)' (de-AT)"),
        ("DE_at", "'DE_at'"),
        ("germn", "'germn'"),
        ("", "''"),
        ("A language of which nobody has heard anything yet", "'A language of which nobody has hear'"),
    ],
)
def test_messages_show_a_language_as_it_was_written(written: str, said: str) -> None:
    assert shown(tag(written), written) == said
    assert shown(tag(written), "") == repr(tag(written))
