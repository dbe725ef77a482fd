"""Versions of the text rules: how a row's text becomes the words that are spoken and hashed into the key.

A changed rule gives some texts other words, and so other keys: their audio is bought again. Each released
version stays available (`--keep-text-rules N`), so that nobody has to. Invariant: the words that a released
version gives never change; the golden files hold them.

A change of rules is one field of `TextRules`. Code asks that field and never the number of the version, in as
few places as possible. A field is added to the version that is not released yet, else to a new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from speeko_jobs.errors import ConfigError


@dataclass(frozen=True)
class TextRules:
    """One version of the rules. Each field is a change of a later version; False: as it was before."""

    version: int
    paragraph_pauses: bool = False  # cleaning: a blank line between paragraphs is a pause
    exporter_escapes: bool = False  # cleaning: line ends and characters that were written as escapes
    one_reading: bool = False  # cleaning: of annotated text (ruby) one reading is spoken
    anki_tags: bool = False  # cleaning: cloze deletions say their answer, sound tags nothing
    plain_cells: bool = False  # rows: null markers are no text, lists are joined, objects are refused
    exact_numbers: bool = False  # numbers: units after prices stay, foreign scales, feet and inches
    sentence_ends: bool = False  # segmentation: abbreviations, ordinals, names and quotes end no sentence


# Version 1 has the rules of releases up to 0.1.0.
VERSIONS: Mapping[int, TextRules] = {
    1: TextRules(1),
    2: TextRules(
        2,
        paragraph_pauses=True,
        exporter_escapes=True,
        one_reading=True,
        anki_tags=True,
        plain_cells=True,
        exact_numbers=True,
        sentence_ends=True,
    ),
}
TEXT_VERSION = max(VERSIONS)  # of new jobs
FIRST_VERSION = min(VERSIONS)
CURRENT_RULES = VERSIONS[TEXT_VERSION]

# What the cleaning rules of later versions need to see in a text, or an entity that may stand for it.
_TOUCHED = re.compile(
    r"[\\\[\]{}《》｜【】_]|\n[^\w\n]*[\n<&]|[（(][ぁ-ゖー]|[\r\u2028\u2029\x85\v\f]|<\s*/?r[ubtp]|&(?!(?:nbsp|quot|amp);(?![\w#&]))",
    re.IGNORECASE,
)


def may_clean_otherwise(source: str) -> bool:
    """Return whether versions may clean a text differently; False only where all give the same words."""
    return _TOUCHED.search(source) is not None


def rules_of(version: int) -> TextRules:
    """Return the rules of a version. Raises ConfigError for one that does not exist here."""
    found = VERSIONS.get(version)
    if found is None:
        known = ", ".join(map(str, VERSIONS))
        raise ConfigError(f"unknown version {version} of the text rules: this release has {known}")
    return found


def earlier_versions(version: int) -> list[int]:
    """Return the versions before this one, the newest first."""
    return sorted((each for each in VERSIONS if each < version), reverse=True)
