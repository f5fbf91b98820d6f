"""The fields of objects and who owns them: server-side apply and `managedFields`."""
