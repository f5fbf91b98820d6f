"""What the API server holds: objects, their kinds and rules, versions, and who may change what."""
