"""A worker process of its own that submits one run of a schedule: `a_firer.py RUN`. Settings, and the point
at which it dies, come from the environment."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from speeko_jobs import settings as speeko_settings
from speeko_workers import process_state, tasks

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    process_state.settings = speeko_settings.load()
    print(tasks.fire(int(sys.argv[1])), flush=True)
    process_state.close_process()
