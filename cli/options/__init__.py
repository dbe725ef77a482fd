"""The options of the verbs, each declared once, and their parameter types."""
