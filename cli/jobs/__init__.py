"""What verbs do with a job: build its spec, submit it, follow it, resume it, report its outcome."""
