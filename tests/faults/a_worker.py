"""A worker without a broker, as a process of its own that a fault can end: `a_worker.py JOB [sweep|once]`.

It runs the real tasks on whatever of the job is due by the database, until the job has ended or waits for a
person. Settings, and the point at which it dies, come from the environment. "sweep": it only sweeps, once;
"once": it begins one task of synthesis and does nothing else.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs import settings as speeko_settings
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.lifecycle import crash_recovery
from speeko_workers import process_state, tasks
from tests.fixtures.books import Books


def due(books: Books, job: int, *states: str) -> list[int]:
    query = "SELECT no FROM speeko.chunk WHERE job_id = %s AND state = ANY(%s) ORDER BY no"
    return [no for (no,) in books.execute(query, [job, list(states)])]


def step(books: Books, job: int, state: JobState) -> None:
    if state is JobState.FINALIZING:
        tasks.finalize(job)
        return
    for no in due(books, job, "planned", "synthesizing")[:1]:
        tasks.synthesize(job, no)
    for no in due(books, job, "ready"):
        tasks.deliver(job, no)


def main(job: int, how: str) -> None:
    process_state.settings = speeko_settings.load()
    opened = process_state.open_process()
    books = Books(opened.context.database)
    print("ready", flush=True)
    if how == "sweep":
        crash_recovery.sweep(opened.context)
    elif how == "once":
        print(tasks.synthesize(job, 1), flush=True)
    while not how:
        try:
            found = jobs.show(opened.context.database, job)
            if found.state in FINISHED or found.state is JobState.PAUSED:
                break
            crash_recovery.sweep(opened.context)
            step(books, job, found.state)
        except SpeekoError as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(0.05)
    process_state.close_process()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
