"""Every error that a user can meet, as one tree. The roots are here; an error of one part is beside its part.

The message is one line: where (file, row, setting), what is wrong, what to do about it.
The exit code says to scripts what kind of end it was. Printing is the CLI's business.

    SpeekoError
    ├── UsageError           the command cannot mean anything (exit 2)
    ├── ConfigError          a setting is missing or cannot be used
    ├── CatalogError         the catalog cannot be read, or its rows cannot be a job
    │   └── NoTextError      no row has text, or most lack it in a guessed column (exit 3)
    ├── ServerError          Postgres, Redis or an embedded server does not answer
    │   └── NotYet           embedded: the server has started and does not answer yet
    ├── SchemaError          the database's schema is not this version's
    ├── StoreError           the audio store or the destination refuses
    │   ├── StoreFull        audio store: there is no room
    │   └── MissingObject    audio store: the object is not there
    ├── JobError             no such job, or it is in no state for that
    │   └── OutputBusyError  Postgres: another job delivers to the output
    ├── BudgetError          the job costs more than its budget or its tenant's caps allow
    ├── WebhookError         webhook client: the event was not accepted
    ├── SpeechError          single purchase: the text could not be bought
    ├── Stopped              say: the command was told to stop
    ├── Interrupted          CLI: Ctrl-C or SIGTERM
    └── TimedOut             CLI: a wait has passed its limit
"""

from __future__ import annotations


class SpeekoError(Exception):
    """Something went wrong that the user can act on."""

    exit_code = 1


class UsageError(SpeekoError):
    """The command's words do not fit together."""

    exit_code = 2


class ConfigError(SpeekoError):
    """A setting is missing or cannot be used."""


class CatalogError(SpeekoError):
    """The catalog cannot be read, or its rows cannot be a job."""


class NoTextError(CatalogError):
    """No row of the catalog has text, or most rows lack it in a column that was guessed."""

    exit_code = 3


class ServerError(SpeekoError):
    """A server that is needed does not answer."""


class SchemaError(SpeekoError):
    """The database's schema is not the one this version works with."""


class StoreError(SpeekoError):
    """The audio store or the destination refuses. `url` is the one that does, "" where that is not known."""

    def __init__(self, message: str, url: str = "") -> None:
        super().__init__(message)
        self.url = url


class JobError(SpeekoError):
    """There is no such job, or it is in no state for that."""


class BudgetError(SpeekoError):
    """The job costs more than its budget or its tenant's caps allow."""
