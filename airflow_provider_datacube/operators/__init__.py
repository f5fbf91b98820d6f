"""The operator: one transfer as one task."""
