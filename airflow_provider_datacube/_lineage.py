"""
Where data came from and went to, told to Airflow's assets and to OpenLineage.

Both name an end by the same URI, ``datacube_api.uris``. What Airflow calls an asset and what
OpenLineage's client calls a dataset are imported when they are needed: by tasks that are asked for
them, never by the parsing of a DAG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._arguments import Arguments
from airflow_provider_datacube._manifest import complete
from datacube_api.errors import DataCubeSpecError
from datacube_api.uris import Ends, dataset_of, ends_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Asset, Context

    from airflow_provider_datacube._custody import Custody
    from airflow_provider_datacube._telling import Log
    from datacube_api.transferred import Transferred


def announce(made: Transferred, outlets: Iterable[object], context: Context, log: Log) -> None:
    """
    Tell Airflow that there is new data at the sink, where the task's outlets ask for it.

    An ``AssetAlias`` among them gets an event of the sink's asset, which need not be known before
    the task runs; the event that Airflow makes of an ``Asset`` of that URI gets the facts. A
    transfer that has succeeded does not fail for what cannot be told: it is logged.
    """
    outlets = list(outlets)
    if not outlets:
        return
    from airflow.sdk import Asset, AssetAlias  # noqa: PLC0415 - see the module

    events, extra = context["outlet_events"], facts_of(made)
    for outlet in outlets:
        if isinstance(outlet, Asset) and outlet.uri == made["sink"]:
            events[outlet].extra.update(extra)
        elif isinstance(outlet, AssetAlias):
            try:
                events[outlet].add(_asset_of_sink(made), extra=extra)
            except ValueError as error:
                log.warning("The alias %s gets no event: %s", outlet.name, error)


def _asset_of_sink(made: Transferred) -> Asset:
    """
    Return the asset that was written.

    :raises ValueError: it has no URI, or one that Airflow refuses: a very long one.
    """
    from airflow.sdk import Asset  # noqa: PLC0415 - see the module

    if not made["sink"]:
        raise ValueError("the sink's address stands in a Secret or depends on a variable")
    try:
        return Asset(made["sink"])
    except ValueError as error:
        why = f"the URI of the sink has {len(made['sink'])} characters, and Airflow refuses it"
        raise ValueError(f"{why} ({error})") from error


def facts_of(made: Transferred) -> dict[str, Any]:
    """Return what an asset's event says of the transfer."""
    told = {key: made[key] for key in ("source", "revision", "bytes", "files")}
    return {"datacube": f"{made['namespace']}/{made['name']}", **told}


class ToldLineage:
    """What the OpenLineage provider asks an operator for: its convention, by method names."""

    _given: Arguments
    _custody: Custody | None
    _made: Transferred | None = None
    log: Any
    outlets: list[Any]

    def _tell(self, context: Context, made: Transferred) -> Transferred:
        """Tell what came of a transfer to whoever asked for it."""
        self._made = made  # OpenLineage's questions come after the task, in the same process
        announce(made, self.outlets, context, self.log)
        return made

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Return the ends, as far as they are known without asking anybody."""
        try:
            manifest = complete(self._given, Arguments.of(self))
        except DataCubeSpecError:
            return None  # the task itself says so
        made = self._custody and self._custody.ref
        namespace = made.namespace if made else manifest["metadata"].get("namespace", "")
        return _lineage(ends_of(manifest["spec"], namespace))

    def get_openlineage_facets_on_complete(
        self,
        task_instance: object,  # noqa: ARG002 - the convention's
    ) -> OperatorLineage[Any, Any] | None:
        """Return the ends and what came of it; of a task that failed, what it was to do."""
        made = self._made
        if made is None:
            return self.get_openlineage_facets_on_start()
        return _lineage(Ends(made["source"], made["sink"]), made)


def _lineage(ends: Ends, made: Transferred | None = None) -> OperatorLineage[Any, Any]:
    from airflow.providers.common.compat.openlineage import facet  # noqa: PLC0415 - see the module
    from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415 - the same

    facets: dict[str, Any] = {}
    if made and made["bytes"] is not None:
        facets["outputStatistics"] = facet.OutputStatisticsOutputDatasetFacet(
            size=made["bytes"], fileCount=made["files"]
        )
    inputs = [facet.InputDataset(*dataset_of(ends.source))] if ends.source else []
    outputs = (
        [facet.OutputDataset(*dataset_of(ends.sink), outputFacets=facets)] if ends.sink else []
    )
    return OperatorLineage(inputs=inputs, outputs=outputs)
