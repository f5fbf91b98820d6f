"""The operators: one transfer as one task, and the end of some."""
