"""Declare the options for speech: provider, voice, and preparation of the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speeko_cli.options.option_builder import DELIVERY, SPEECH, WORDS, choice, option, setting, together
from speeko_jobs.core.job.job_spec import SEGMENTS, SSML
from speeko_jobs.core.text.markup import MARKUPS

speech = together(
    *[
        setting(name, SPEECH)
        for name in (
            "provider",
            "account",
            "model",
            "voice",
            "language",
            "format",
            "speed",
            "reuse",
            "price_per_million",
        )
    ],
    option(
        "--any-voice",
        is_flag=True,
        section=SPEECH,
        help="accept voices and languages that are not listed, such as cloned voices",
    ),
)
wording = together(
    option(
        "--lexicon",
        files=True,
        multiple=True,
        metavar="FILE",
        section=WORDS,
        help='pronunciations, as TOML (word = "spoken") or W3C PLS; repeatable',
    ),
    choice("--markup", MARKUPS, "remove Markdown or WordPress shortcodes from texts", section=WORDS),
    option(
        "--read-numbers",
        is_flag=True,
        section=WORDS,
        help="spell out prices, sizes and dates (en, de, fr); longer texts cost more",
    ),
    option(
        "--repair",
        is_flag=True,
        section=WORDS,
        help="repair wrongly decoded characters (mojibake), such as Ã¼ for ü",
    ),
    choice("--segments", SEGMENTS, "unit of purchase; sentence: buy each sentence only once", section=WORDS),
    setting("keep_text_rules", WORDS),
    choice("--ssml", SSML, "how to treat SSML; strip: remove its tags and speak the text", section=WORDS),
    option(
        "--loudness",
        type=float,
        metavar="LUFS",
        section=DELIVERY,
        help="loudness of all files, such as -16, as far as peaks allow; costs nothing",
    ),
)
provider_option: Callable[[Any], Any] = together(setting("provider", SPEECH), setting("account", SPEECH))
