"""The hook: DataCubes over a `kubernetes` connection, one verb at a time."""
