"""The demonstration: a small shop's catalog, spoken with real servers, workers and speech, below this folder.

`python -m speeko_cli.demo`. Runs `speeko run` with settings of its own, so that it touches nothing else; a
second run shows that nothing is bought twice.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from speeko_cli.main import run
from speeko_cli.output.console import note, say
from speeko_cli.runtime import error_reporting

CATALOG = Path(__file__).with_name("sample_catalog.csv")
FOLDER = Path("demo-output")
PRICE = "15"  # USD per million characters, as hosted voices cost: espeak itself is free
SETTINGS = f"""# What the demonstration runs with. Options and SPEEKO_* variables would win over this file.
provider = "espeak"
price_per_million = "{PRICE}"
"""


def demo() -> int:
    """Speak the sample catalog; return an exit code."""
    for name in [name for name in os.environ if name.startswith("SPEEKO_")]:
        del os.environ[name]  # a demonstration must not reach for anybody's servers
    config = FOLDER / "speeko.toml"
    try:
        FOLDER.mkdir(exist_ok=True)
        config.write_text(SETTINGS)
    except OSError as error:
        note(
            f"speeko: {FOLDER.absolute()}: cannot be written ({error.strerror}): run the demonstration from"
            f" a folder of yours: {shlex.quote(sys.executable)} -m speeko_cli.demo"
        )
        return error_reporting.ERROR
    audio = FOLDER / "audio"
    words = [
        "run",
        str(CATALOG),
        "--home",
        str(FOLDER / "home"),
        "--output",
        str(audio),
        "--config",
        str(config),
    ]
    note(f"$ speeko {' '.join(words)}")
    code = run(words)
    if code != error_reporting.OK:
        return code
    say()
    say("One row of the sample has no text, as rows of pictures and variants have none: it is left out.")
    say(f"Costs are what a voice of ${PRICE} a million characters would take; espeak is free.")
    say(f"Listen to {audio.absolute() / 'lamp-en.mp3'}, and run this again: it buys nothing twice.")
    return error_reporting.OK


if __name__ == "__main__":
    sys.exit(demo())
