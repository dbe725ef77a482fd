"""What happens to jobs over time: control, recovery, schedules, webhooks and retention."""
