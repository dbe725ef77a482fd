"""The catalog that the simulated month submits every night: real texts, drawn by Zipf, a few changed a night.

Knows what goes in and nothing of keys or money. All chance comes from the seed: two runs yield the same rows.
Holds the different texts (a few MB) and six bytes a row; a changed text is made anew when it is asked for.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from speeko_jobs.adapters import catalog
from speeko_jobs.adapters.catalog import BadRow, ReadOptions
from speeko_jobs.core.text.cleaning import has_speech, spoken

CHANGED_SHARE = 0.01  # of the rows, every night after the first
ROUTED_SHARE = 0.6  # of the rows, whose family may be spoken by the cheaper voice
ZIPF_EXPONENT = 1.0
LONGEST_CHARS = 4_000  # longer texts take several calls: left out, so that a row is a text
GENERATED_TEXTS, FAMILIES = 3_000, 60

# file, columns of the text and of the family, by name or position
CATALOGS = (
    ("livostyle_products_v1.parquet", "description", "product_type"),
    ("magento_configurable_products.csv", "description", "categories"),
    ("adventureworks_intl_descriptions.csv", "3", "2"),
    ("covid_faq_2020-03-22.tsv", "answer", "source"),
    ("covid_faq_2020-03-27.tsv", "answer", "source"),
)


@dataclass(frozen=True, slots=True)
class Product:
    """A text as the catalog has it, and as it is spoken. Families are routed to a voice as a whole."""

    source: str
    spoken: str
    family: str


@dataclass(frozen=True, slots=True)
class Row:
    """`routed`: a cheaper voice will do."""

    id: str
    source: str
    spoken: str
    routed: bool


def real_products(folder: Path) -> list[Product]:
    """Every different text of the sample catalogs that one call can speak."""
    found: dict[str, Product] = {}
    for name, text, family in CATALOGS:
        for source, kind in _cells(folder / name, text, family):
            said = spoken(source)
            if has_speech(said) and len(said) <= LONGEST_CHARS:
                found.setdefault(said, Product(source, said, f"{name}: {kind}"))
    return list(found.values())


def generated_products(seed: int) -> list[Product]:
    """What stands in for the sample catalogs where they are not there: a shop with stock phrases."""
    chance = random.Random(f"products of {seed}")
    goods = ("shirt", "lamp", "kettle", "rucksack", "chair", "jacket", "knife", "bottle", "blanket", "clock")
    made = ("cotton", "steel", "oak", "wool", "glass", "leather", "bamboo", "copper")
    out = []
    for number in range(GENERATED_TEXTS):
        family = chance.randrange(FAMILIES)
        what = goods[family % len(goods)]
        lines = [
            f"The {chance.choice(made)} {what} number {number} weighs {chance.randrange(90, 4_000)} grams.",
            f"It comes in {chance.randrange(2, 9)} colours & fits into every home.",
            f"All our {what}s are made by hand in workshop {family} and last for years.",
            "Free delivery within three days, and a hundred days to send it back.",
            f"Care for your {what} with a soft cloth and lukewarm water.",
        ]
        text = " ".join([lines[0], *chance.sample(lines[1:], chance.randrange(2, 5))])
        out.append(Product(f"<p>{text.replace('&', '&amp;')}</p>", text, f"{what} {family}"))
    return out


class Catalog:
    """The catalog as it stands on one night after the other. `night` is 0 before the first."""

    def __init__(self, products: Sequence[Product], chars: int, seed: int) -> None:
        """As many rows as it takes to hold `chars` characters, at least one."""
        chance = random.Random(f"catalog of {seed}")
        self._products = list(products)
        chance.shuffle(self._products)
        weights = [1 / rank**ZIPF_EXPONENT for rank in range(1, len(self._products) + 1)]
        self._routed = _routed(self._products, weights, chance)
        bounds = list(accumulate(weights))
        self._drawn, held = array("I"), 0
        while held < chars or not self._drawn:
            at = min(bisect(bounds, chance.random() * bounds[-1]), len(bounds) - 1)
            self._drawn.append(at)
            held += len(self._products[at].spoken)
        self._changed = array("H", bytes(2 * len(self._drawn)))
        self._seed, self.night = seed, 0

    def __len__(self) -> int:
        return len(self._drawn)

    def next_night(self) -> None:
        """Change one row in a hundred (none before the first submission)."""
        self.night += 1
        if self.night > 1:
            chance = random.Random(f"night {self.night} of {self._seed}")
            count = max(1, round(CHANGED_SHARE * len(self)))
            for row in chance.sample(range(len(self)), count):
                self._changed[row] = self.night

    def rows(self) -> Iterator[Row]:
        """Every row of this night's catalog."""
        for number, (at, night) in enumerate(zip(self._drawn, self._changed, strict=True)):
            product = self._products[at]
            source, said = product.source, product.spoken
            if night:
                source = said = _edited(said, random.Random(f"row {number} on {night} of {self._seed}"))
            yield Row(f"sku-{number:07d}", source, said, product.family in self._routed)


def _edited(text: str, chance: random.Random) -> str:
    """The text with a number put between two of its words: a price, a size, a year."""
    words = text.split(" ")
    words.insert(chance.randrange(1, len(words) + 1), str(chance.randrange(10, 100_000)))
    return " ".join(words)


def _routed(products: Sequence[Product], weights: Sequence[float], chance: random.Random) -> set[str]:
    """Families that hold about ROUTED_SHARE of the rows."""
    held: dict[str, float] = {}
    for product, weight in zip(products, weights, strict=True):
        held[product.family] = held.get(product.family, 0.0) + weight
    room, routed = ROUTED_SHARE * sum(held.values()), set[str]()
    for family in chance.sample(sorted(held), len(held)):
        if held[family] <= room:
            routed.add(family)
            room -= held[family]
    return routed


def _cells(path: Path, text: str, family: str) -> Iterator[tuple[str, str]]:
    for table in catalog.open_catalog((str(path),), ReadOptions()):
        at, kind_at = table.header.index(text), table.header.index(family)
        for row in table.rows:
            if not isinstance(row, BadRow) and len(row) > max(at, kind_at):
                yield row[at], row[kind_at]
        table.close()
