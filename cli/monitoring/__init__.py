"""What watchers share: the state of the fleet, the broker, Prometheus and JSON documents."""
