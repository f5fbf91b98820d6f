"""Hide a credential in Airflow's logs, as it is and in the form that a Secret has it in."""

from __future__ import annotations

import base64

from airflow_provider_datacube._compat import mask_secret


def mask(value: str) -> None:
    """Hide it from now on, in this process and the one that writes its log."""
    mask_secret(value)
    mask_secret(base64.b64encode(value.encode()).decode())
