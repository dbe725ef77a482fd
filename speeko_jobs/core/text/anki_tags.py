"""Take Anki's tags out of a text: a cloze deletion says its answer, a sound tag says nothing."""

from __future__ import annotations

import re

_CLOZE = re.compile(r"\{\{c\d{1,3}::((?:(?!\{\{|\}\}|::).)*+)(?:::(?:(?!\{\{|\}\}).)*+)?\}\}", re.DOTALL)
_SOUND = re.compile(r"\[(?:sound|anki:tts|anki:play):[^\[\]\n]{1,200}\]")


def has_tags(text: str) -> bool:
    """Return whether `without_tags` may change the text."""
    return "::" in text or "[sound:" in text or "[anki:" in text


def without_tags(text: str) -> str:
    """Return the text without Anki's tags, the innermost cloze first. Never raises."""
    if not has_tags(text):
        return text
    if "{{c" in text:
        text = _CLOZE.sub(r"\1", text)
    return _SOUND.sub(" ", text)
