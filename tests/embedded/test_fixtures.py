"""The fixtures that every other test builds on."""

from __future__ import annotations

import psycopg
import pytest
import redis
import sqlalchemy


@pytest.mark.parametrize("_", range(2))
def test_each_test_gets_an_empty_database(database_url: str, _: int) -> None:
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE only_here (id int)"))
    engine.dispose()


@pytest.mark.parametrize("_", range(2))
def test_each_test_gets_an_empty_redis(redis_url: str, _: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("only", "here")


def test_open_connections_do_not_keep_a_database(database_url: str, request: pytest.FixtureRequest) -> None:
    connection = psycopg.connect(database_url.replace("+psycopg", ""))
    request.config.add_cleanup(connection.close)
    assert connection.execute("SELECT 1").fetchone() == (1,)
