"""Write the golden file anew: `make golden`.

Say in CHANGELOG.md what changed: each text that is spoken differently, or has another key, is bought again
by everybody who upgrades.
"""

from __future__ import annotations

from tests.golden import golden

if __name__ == "__main__":
    print(golden.write())
