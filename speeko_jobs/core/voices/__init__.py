"""Which voice speaks a row: catalog, routing, rules and availability."""
