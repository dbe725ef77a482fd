"""Tell apart columns of one attribute in several languages, as catalog systems export them.

Such as "description-en_US-ecommerce" (Akeneo), "description_de", "description:fr" and "Description [it]".
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Languages that are taken without a region. "id", "no", "is" and "to" are left out: they are words.
_ALONE = (
    "en|de|fr|es|it|pt|nl|pl|sv|da|fi|nb|nn|cs|sk|hu|ro|bg|el|tr|ru|uk|sr|hr|sl|et|lv|lt"  # of Europe
    "|ja|zh|ko|ar|he|hi|th|vi"
)
_REGIONAL = r"(?P<language>[a-z]{2,3})[_-](?P<region>[A-Z]{2})"
_AKENEO = re.compile(rf"(?P<base>.+?)[-_.:]{_REGIONAL}(?:-[\w]+)?")
_IN_BRACKETS = re.compile(rf"(?P<base>.+?)\s*[\[(](?:{_REGIONAL}|(?P<alone>{_ALONE}))[\])]")
_SUFFIX = re.compile(rf"(?P<base>.+?)[-_.:](?P<alone>{_ALONE})(?P<region>)")


class LocaleColumn(NamedTuple):
    """A column's name without its locale, and the locale. `region` is "" where it has none."""

    base: str
    language: str
    region: str


def split(name: str) -> LocaleColumn | None:
    """Return the parts of a name that ends in a locale; None for other names."""
    name = name.strip()
    for pattern in (_AKENEO, _IN_BRACKETS, _SUFFIX):
        if found := pattern.fullmatch(name):
            parts = found.groupdict()
            language = parts.get("alone") or parts["language"]
            return LocaleColumn(found["base"], language, parts["region"] or "")
    return None


def fit(column: LocaleColumn | None, language: str) -> int:
    """Return how well a column fits a language (BCP 47, "" for any): 2 for its region, 1 for the language, 0
    where nothing is known, -1 for another language."""
    if column is None or not language:
        return 0
    wanted, _, rest = language.replace("_", "-").partition("-")
    if column.language != wanted.lower():
        return -1
    return 2 if column.region and column.region.lower() == rest.lower() else 1
