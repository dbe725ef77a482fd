"""Numbers, prices, units and dates as words."""
