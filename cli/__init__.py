"""The command line: parse, call a flow, render. The only place that prints."""
