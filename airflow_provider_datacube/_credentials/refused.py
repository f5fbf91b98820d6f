"""The form of every error about a connection: the field, its id, the mend; never a value."""

from __future__ import annotations

from datacube_api.errors import DataCubeSpecError


def refused(conn_id: str, why: str) -> DataCubeSpecError:
    """Return the error; a retry would meet it again."""
    return DataCubeSpecError((f"conn_id: connection {conn_id!r} {why}",))
