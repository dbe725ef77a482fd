"""`speeko dashboard`: pages and a REST API over Postgres, pushed live, from one process."""
