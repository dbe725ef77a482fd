"""From a row's text to the words that are spoken, bought and hashed into the key, in this order:

    mojibake repaired (--repair) → Markdown or shortcodes removed (--markup) → tags, escapes and invisible
    characters removed → numbers read out (--read-numbers) → words as the lexicon has them (--lexicon)

Keys are made of the resulting text and of nothing else here. So a new rule, lexicon or library version buys
again exactly the rows whose words differ. The version of the rules (`text_rules`) is in no key: a job's spec
records it, and `--keep-text-rules` plans with an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from speeko_jobs.core.text import cleaning, exporter_escapes, ssml
from speeko_jobs.core.text import markup as markups
from speeko_jobs.core.text.lexicon import Lexicon
from speeko_jobs.core.text.text_rules import CURRENT_RULES, TextRules

Step = Callable[[str, str], str]


@dataclass(frozen=True)
class Wording:
    """What is done to the texts of one job. Where `is_plain`, `core.text.cleaning.spoken` under the same
    rules alone does it."""

    repair: bool = False
    lexicon: Lexicon | None = None
    read_numbers: bool = False
    rules: TextRules = CURRENT_RULES
    markup: str = markups.NONE
    _steps: tuple[tuple[str, Step], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        steps: list[tuple[str, Step]] = []
        if self.repair:
            from speeko_jobs.core.text.mojibake import repaired

            steps.append(("repaired", lambda source, _: repaired(source)))
        if self.markup != markups.NONE:
            steps.append((self.markup, self._without_markup))
        steps.append(("cleaned", lambda source, _: cleaning.spoken(source, self.rules)))
        object.__setattr__(self, "_steps", (*steps, *self._wordings()))

    def _without_markup(self, source: str, _: str) -> str:
        """Return a text without its markup, whose line ends may be escaped."""
        plain = exporter_escapes.without_escapes(source) if self.rules.exporter_escapes else source
        return markups.remover(self.markup)(plain)

    def _wordings(self) -> list[tuple[str, Step]]:
        """The steps from clean text to words, which serve the text inside SSML as well."""
        steps: list[tuple[str, Step]] = []
        if self.read_numbers:
            from speeko_jobs.core.text.numbers.verbalize import read_out

            rules = self.rules
            steps.append(("numbers", lambda words, language: read_out(words, language, rules)))
        if self.lexicon is not None:
            steps.append(("lexicon", _with_lexicon(self.lexicon, self.rules)))
        return steps

    @property
    def is_plain(self) -> bool:
        is_changed = self.repair or self.read_numbers or self.lexicon is not None
        return not is_changed and self.markup == markups.NONE

    @property
    def version(self) -> str:
        """What decides the words beside the text, as "2", "2+repair+numbers" or "2+lexicon:3f5e0c9a1b2d"."""
        parts = [str(self.rules.version)]
        parts += [self.markup] * (self.markup != markups.NONE)
        parts += ["repair"] * self.repair + ["numbers"] * self.read_numbers
        if self.lexicon is not None:
            parts.append(f"lexicon:{self.lexicon.digest()[:12]}")
        return "+".join(parts)

    def spoken(self, source: str, language: str) -> str:
        """The words spoken for `source`, a row's text; "" where nothing is left. Never raises.

        `language` is the row's BCP 47 tag, "" where it has none.
        """
        for _, step in self._steps:
            source = step(source, language)
        return source

    def steps(self, source: str, language: str) -> list[tuple[str, str]]:
        """The text after each step that is on, with the step's name: for showing how it came about."""
        out: list[tuple[str, str]] = []
        for name, step in self._steps:
            source = step(source, language)
            out.append((name, source))
        return out

    def ssml(self, source: str, language: str, dialect: ssml.SsmlDialect) -> str:
        """SSML in canonical form, its words as this wording has them. ValueError as `ssml.canonical`."""

        def say(words: str) -> str:
            for _, step in self._wordings():
                words = step(words, language)
            return words

        if self.repair:
            source = self._steps[0][1](source, language)
        return ssml.canonical(source, dialect, say)


def _with_lexicon(lexicon: Lexicon, rules: TextRules) -> Step:
    def step(words: str, language: str) -> str:
        said = lexicon.spoken(words, language)
        return words if said == words else cleaning.spoken(said, rules)

    return step
