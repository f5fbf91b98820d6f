"""Custom resources: definitions, their schemas, and the CEL rules in them."""
