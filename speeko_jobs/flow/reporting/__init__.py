"""Figures for people and monitoring: costs, reconciliation, metrics, one row explained."""
