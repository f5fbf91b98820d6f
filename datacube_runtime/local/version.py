"""Which Kubernetes the embedded cluster is like."""

KUBERNETES = "v1.36.2+datacube-local"
"""The version of the API server whose recorded answers it is held to."""
