"""What is reported of a job: manifest, summary, HTML report, and what it waits for."""
