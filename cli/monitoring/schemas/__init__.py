"""Types of the JSON documents that the dashboard's API answers: the source of its OpenAPI description."""
