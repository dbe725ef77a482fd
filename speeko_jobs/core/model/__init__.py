"""Values that everything else speaks of: states, money, cache keys, requests and answers."""
