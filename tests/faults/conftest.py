"""What the tests of faults share, also with those of the command line and of catalogs."""

from __future__ import annotations

from tests.adapters.catalog.conftest import read, read_sources  # noqa: F401
from tests.cli.conftest import cli, here  # noqa: F401
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.faulty import flow, make_spine, strict  # noqa: F401
from tests.fixtures.pgbouncer import make_pooler  # noqa: F401
from tests.fixtures.postgres_server import make_postgres  # noqa: F401
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401
