"""Define the documents of jobs: lists, one job, its chunks, failed rows, samples and course."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from speeko_cli.monitoring.schemas.fields import (
    Amount,
    BareMoment,
    Count,
    Moment,
    Number,
    State,
    Usd,
    counts_of,
    doc,
    words,
)
from speeko_jobs.core.model.states import AudioSource, ChunkState, JobState
from speeko_jobs.core.reporting.wait_reasons import WaitKind
from speeko_jobs.flow.reporting.row_search import RowOutcome


class ErrorJson(TypedDict):
    """What went wrong."""

    error: Annotated[
        str,
        Meta(examples=["there is no job 12: `speeko jobs` lists them"]),
        doc("One line: what is wrong, and what to do about it."),
    ]


WaitingJson = TypedDict(
    "WaitingJson",
    {
        "for": Annotated[str, words(WaitKind), doc("What for, in a word.")],
        "what": Annotated[str, doc("What it waits for.")],
        "since": Annotated[BareMoment | None, doc("Since when.")],
        "until": Annotated[BareMoment | None, doc("When that changes next, where it is known.")],
        "then": Annotated[str, doc("What happens then.")],
        "pauses_at": Annotated[BareMoment | None, doc("When it pauses unless the provider answers.")],
        "retrying": Annotated[Count, doc("Texts that failed and wait for a retry.")],
        "remedy": Annotated[str, doc("What a person can do; empty for nothing.")],
        "text": Annotated[str, doc("All of it as a sentence.")],
    },
)
WaitingJson.__doc__ = "What a job waits for, since when and until when."


class JobJson(TypedDict):
    """One job in a list: what `speeko jobs --json` tells, and more."""

    job: Annotated[Number, Meta(examples=[12]), doc("Its number.")]
    state: State
    state_text: Annotated[str, Meta(examples=["paused: provider outage"]), doc("The state in words.")]
    reason: Annotated[str, doc("Why it is paused or ended so; empty where there is nothing to say.")]
    top_reason: Annotated[str, doc("Why most of its rows without audio have none; empty where all have.")]
    progress: Annotated[float, Meta(ge=0, le=1), doc("How far it is: texts bought and rows delivered.")]
    waiting: Annotated[WaitingJson | None, doc("What it waits for; null where it gets on or has ended.")]
    tenant: Annotated[str, Meta(examples=["shop"]), doc("Who it is booked on.")]
    priority: Annotated[int, doc("Jobs with a higher one go first.")]
    schedule: Annotated[str | None, doc("The schedule that submitted it.")]
    files: Annotated[list[str], Meta(max_length=10), doc("Names of its catalogs, the first ten.")]
    more_files: Annotated[Count, doc("How many catalogs there are besides.")]
    output: Annotated[str, Meta(examples=["s3://shop-audio/en"]), doc("Folder or URL that it delivers to.")]
    provider: Annotated[str, Meta(examples=["speeko"]), doc("Who speaks.")]
    rows: Annotated[Count, doc("Rows of the catalog, without those skipped.")]
    left_out: Annotated[Count, doc("Rows without text, which are no failures.")]
    skipped: Annotated[Count, doc("Rows that a rule of the user's left out; not in `rows`.")]
    served: Annotated[
        Count, doc("Rows that have come to their end: delivered + unchanged + failed + refused + left_out.")
    ]
    with_audio: Annotated[Count, doc("Rows whose audio is in the output: delivered + unchanged.")]
    delivered: Annotated[Count, doc("Rows that were put in place.")]
    unchanged: Annotated[Count, doc("Rows whose file was there already.")]
    failed: Annotated[Count, doc("Rows whose audio could not be bought.")]
    refused: Annotated[Count, doc("Rows that could not be spoken as they stand.")]
    chunks: Annotated[Count, doc("Chunks, of about a thousand rows each.")]
    chunks_open: Annotated[Count, doc("Chunks that are not delivered.")]
    in_flight: Annotated[Count, doc("Calls that are open, over all jobs of its API keys; 0 unless it runs.")]
    calls: Annotated[Count, doc("Calls that were paid.")]
    planned_calls: Annotated[Count, doc("Calls that it was submitted for.")]
    possible_calls: Annotated[Count, doc("Calls whose outcome is not known: they may have been paid.")]
    cost_usd: Annotated[Usd, doc("Spent.")]
    planned_cost_usd: Annotated[Usd, doc("What it was said to cost when it was submitted.")]
    list_cost_usd: Annotated[Usd, doc("What speaking every row by itself would cost, as it was planned.")]
    possible_usd: Annotated[Usd, doc("What calls of unknown outcome may have cost on top.")]
    reserved_usd: Annotated[Usd, doc("Reserved for calls that are open.")]
    wasted_usd: Annotated[
        Usd, doc("Part of cost and possible cost that brought no audio that could be used.")
    ]
    budget_usd: Annotated[Usd | None, doc("Most that it may cost; null: no such cap.")]
    rows_a_second: Annotated[Amount, doc("Rows that end a second now; 0 unless it runs.")]
    calls_a_second: Annotated[Amount, doc("Calls that end a second now; 0 unless it runs.")]
    eta_seconds: Annotated[Amount | None, doc("How long it will take; null while that cannot be told.")]
    created_at: Annotated[Moment, doc("When it was submitted.")]
    released_at: Annotated[Moment | None, doc("When its plan was whole, so that it could run.")]
    finished_at: Annotated[Moment | None, doc("When its last row came to its end.")]
    pruned_at: Annotated[Moment | None, doc("When its rows were let go of.")]
    seconds: Annotated[float, doc("How long it has gone on, or went on.")]


class JobsJson(TypedDict):
    """A page of jobs, newest first."""

    jobs: Annotated[list[JobJson], Meta(max_length=200)]
    counts: Annotated[
        dict[str, Count],
        counts_of(JobState),
        doc("Jobs by state, of the tenant asked for, whatever the page shows."),
    ]
    more: Annotated[
        bool, doc("Whether older ones follow: ask again with `before` set to the last job's number.")
    ]


class UnknownCallsJson(TypedDict):
    """Calls of unknown outcome, and what they may have cost."""

    calls: Count
    usd: Usd


class FailureReasonJson(TypedDict):
    """A reason, and how many rows have it."""

    reason: str
    rows: Annotated[int, Meta(ge=1)]


class NextStepJson(TypedDict):
    """One thing to do: what for, and the command; empty where there is none."""

    text: str
    command: str


class SummaryJson(TypedDict):
    """What `speeko status --json` tells, and summary.json at the end."""

    job: Number
    state: State
    state_text: Annotated[str, doc("The state in words.")]
    reason: str
    progress: Annotated[float, Meta(ge=0, le=1), doc("How far it is: texts bought and rows delivered.")]
    rows: Count
    with_audio: Annotated[Count, doc("Rows whose audio is in the output: delivered + unchanged.")]
    delivered: Count
    unchanged: Count
    failed: Count
    refused: Count
    left_out: Annotated[Count, doc("Rows without text, which are no failures.")]
    skipped: Count
    changes: Annotated[
        dict[str, Count], doc("Rows by what became of them at the destination: added, changed and so on.")
    ]
    removed: Annotated[Count, doc("Files at the destination whose rows left the catalog.")]
    previous_job: Annotated[Number | None, doc("The job that delivered there before.")]
    unique_texts: Annotated[Count, doc("Texts, each counted once for a voice and a language.")]
    reused: Annotated[Count, doc("Delivered rows whose audio was bought in another format and converted.")]
    merges: Annotated[
        bool, doc("Whether the catalog is a part, whose rows join those that the output holds.")
    ]
    gone: Annotated[Count, doc("Known texts whose audio was gone from the store when the job was planned.")]
    gone_usd: Annotated[Usd, doc("What buying these again costs; in the plan.")]
    wasted_usd: Annotated[
        Usd, doc("Part of cost and possible cost that brought no audio that could be used.")
    ]
    max_waste_usd: Annotated[Usd | None, doc("Most that may be wasted; null: no such cap.")]
    notes: Annotated[list[str], doc("What is worth knowing, a line each.")]
    chars: Annotated[Count, doc("Characters of delivered rows.")]
    billed_chars: Annotated[Count, doc("Characters of paid calls.")]
    calls: Annotated[Count, doc("Paid calls.")]
    planned_calls: Annotated[Count, doc("Calls that it was submitted for.")]
    cost_usd: Annotated[Usd, doc("Spent.")]
    planned_cost_usd: Annotated[Usd, doc("As it was planned.")]
    budget_usd: Usd | None
    list_cost_usd: Annotated[Usd, doc("What the delivered rows would cost, each by itself.")]
    planned_list_cost_usd: Annotated[Usd, doc("What every row would cost by itself, as it was planned.")]
    saved_usd: Annotated[
        Usd, doc("What delivered rows did not cost because their audio was there; never below zero.")
    ]
    routing_saved_usd: Annotated[Usd, doc("Saved by voices that were chosen for their price.")]
    sources: Annotated[
        dict[str, Count],
        counts_of(AudioSource),
        doc("Where the audio of delivered and unchanged rows came from."),
    ]
    unknown: UnknownCallsJson
    audio_seconds: Amount
    audio_bytes: Count
    seconds: float
    provider: str
    output: str
    failures: Annotated[
        list[FailureReasonJson],
        Meta(max_length=10),
        doc("The most frequent reasons of failed and refused rows, in chunks that are delivered."),
    ]
    next: Annotated[list[NextStepJson], doc("What a person can do now.")]


class AskedJson(TypedDict):
    """What the job was asked to do, as words; an empty one is the provider's default."""

    provider: str
    model: str
    voice: str
    language: str
    format: str
    loudness: str
    speed: str
    name: str
    lexicon: str
    segments: str
    sources: str
    price_per_million: str
    prune: str


class JobDocumentJson(TypedDict):
    """One job."""

    job: JobJson
    summary: SummaryJson
    failures_known: Annotated[
        bool, doc("False while the summary's `failures` of a huge job are still being counted.")
    ]
    asked: AskedJson


class OpenChunkJson(TypedDict):
    """A chunk that is not delivered."""

    no: Annotated[int, Meta(ge=1)]
    first_row: Annotated[int, Meta(ge=1)]
    last_row: Annotated[int, Meta(ge=1)]
    state: Annotated[str, words(ChunkState)]
    missing: Annotated[Count, doc("Texts whose audio it waits for.")]
    attempt: Annotated[Count, doc("How often it was begun.")]
    host: Annotated[str | None, doc("The machine of the process that has it; null: nobody has.")]
    pid: Annotated[Annotated[int, Meta(ge=1)] | None, doc("That process.")]
    engine_lives: Annotated[bool, doc("Whether that process is taken for alive.")]
    since_seconds: Annotated[Count, doc("For how long it has been so.")]


class ChunksJson(TypedDict):
    """A job's chunks."""

    states: Annotated[dict[str, Count], counts_of(ChunkState), doc("How many are in each state.")]
    open: Annotated[list[OpenChunkJson], doc("The first ones that are not delivered.")]


class FailedRowJson(TypedDict):
    """A row, and why it has no audio."""

    row: Annotated[Number, doc("Its number over all of the job's files.")]
    id: str
    reason: str
    refused: Annotated[bool, doc("Whether it could not be spoken as it stands; else it failed.")]


class FailedJson(TypedDict):
    """A page of rows that failed or were refused."""

    rows: list[FailedRowJson]
    more: Annotated[bool, doc("Whether others follow.")]
    next: Annotated[Number | None, doc("What to give as `after` for those.")]


class SampleJson(TypedDict):
    """A row; its audio is at /api/jobs/{job}/rows/{row}/audio."""

    row: Number
    id: str
    voice: str
    chars: Count
    path: Annotated[str, doc("Its file below the output.")]
    type: Annotated[str, Meta(examples=["audio/mpeg"]), doc("Media type of its file.")]


class SamplesJson(TypedDict):
    """A few delivered rows to listen to, spread over the job."""

    rows: list[SampleJson]


class FoundRowJson(TypedDict):
    """A row of the job; with `audio`, it is at /api/jobs/{job}/rows/{row}/audio."""

    row: Annotated[Number, doc("Its number over all of the job's files.")]
    id: str
    voice: str
    chars: Count
    path: Annotated[str, doc("Its file below the output; empty where it has none.")]
    outcome: Annotated[str, words(RowOutcome), doc("How it stands.")]
    reason: Annotated[str, doc("Why it has no audio; empty where that is not known, or it has.")]
    audio: Annotated[bool, doc("Whether it can be played.")]


class FoundRowsJson(TypedDict):
    """Rows that were looked for: best match first, then in the catalog's order."""

    rows: Annotated[list[FoundRowJson], Meta(max_length=200)]
    more: Annotated[bool, doc("Whether there may be others: give more of the id.")]


class StretchJson(TypedDict):
    """Equal stretches of time, from its release on."""

    at: Annotated[Moment, doc("When it began.")]
    rows: Annotated[Count, doc("Rows that ended in it.")]


class PulseJson(TypedDict):
    """An API key's limit at a moment; there are none while no process made calls."""

    account: str
    at: Annotated[Moment, doc("When.")]
    limit: Annotated[Count, doc("Most calls at a time.")]
    busy: Annotated[Count, doc("Calls that were open.")]
    wants: Annotated[Count, doc("Calls that there was work for.")]


class CourseJson(TypedDict):
    """How a job went, over time."""

    stretches: list[StretchJson]
    seconds_each: Annotated[Amount, doc("Length of a stretch.")]
    pulses: list[PulseJson]
