"""
The only room that talks to Kubernetes: DataCubes in the colours of both clients, and Secrets.

It is also the only one that imports ``kubernetes``, ``kubernetes_asyncio`` and the cncf provider's
hooks. Together they cost seconds and 110 MB, which a DAG that is only parsed must not pay, so
nobody imports this package but ``_connecting``, when the first request is made.
"""

from airflow_provider_datacube._clients.asynchronous import AsyncCubes
from airflow_provider_datacube._clients.blocking import Cubes
from airflow_provider_datacube._clients.connections import connect, open_cubes, open_secrets
from airflow_provider_datacube._clients.facts import facts_of
from airflow_provider_datacube._clients.secrets import Secrets

__all__ = ["AsyncCubes", "Cubes", "Secrets", "connect", "facts_of", "open_cubes", "open_secrets"]
