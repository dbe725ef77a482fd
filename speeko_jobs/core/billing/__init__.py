"""Prices, cost figures, forecasts, and invoices matched with the ledger."""
