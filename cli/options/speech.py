"""Options on speech: the provider and its voice, and what is done to the words before they are spoken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speeko_cli.options.option_builder import DELIVERY, SPEECH, WORDS, choice, option, setting, together
from speeko_jobs.core.job.job_spec import SEGMENTS, SSML

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
        help="take voices and languages that are on no list, such as cloned voices",
    ),
)
wording = together(
    option(
        "--lexicon",
        multiple=True,
        metavar="FILE",
        section=WORDS,
        help='how words are said: TOML (word = "spoken") or W3C PLS; again: another',
    ),
    option(
        "--read-numbers",
        is_flag=True,
        section=WORDS,
        help="prices, sizes, dates as words (en, de, fr); longer texts cost more",
    ),
    option("--repair", is_flag=True, section=WORDS, help="mend mojibake, such as Ã¼ for ü"),
    choice("--segments", SEGMENTS, "sentence: buy each sentence once", section=WORDS),
    setting("keep_text_rules", WORDS),
    choice("--ssml", SSML, "strip: speak only the words of SSML", section=WORDS),
    option(
        "--loudness",
        type=float,
        metavar="LUFS",
        section=DELIVERY,
        help="level all files to that, such as -16; buys nothing again",
    ),
)
provider_option: Callable[[Any], Any] = together(setting("provider", SPEECH), setting("account", SPEECH))
