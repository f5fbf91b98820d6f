"""
From ``conn_id`` or ``secret_ref`` to a DataCube that can start: what the operator does with them.

Twice it acts: before the DataCube is made, when the references go into its spec, and after, when
its Secret is made. A connection is read before either, so that a wrong one leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from airflow_provider_datacube._credentials.connections import Held, held_by
from airflow_provider_datacube._credentials.given import entries_of
from airflow_provider_datacube._credentials.placing import Sources, placed
from airflow_provider_datacube._credentials.refused import refused
from airflow_provider_datacube._credentials.secret import secret_name
from airflow_provider_datacube._credentials.slots import SLOTS, service_of
from datacube_api.errors import DataCubeApiError
from datacube_api.models import DataCube
from datacube_api.reference import CubeRef
from datacube_api.status import Phase, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_provider_datacube._arguments import Arguments
    from airflow_provider_datacube._credentials.slots import Service
    from airflow_provider_datacube._telling import Log


class SecretHook(Protocol):
    """The verb of the hook of Secrets that is needed here."""

    def provide(self, cube: Mapping[str, Any], values: Mapping[str, str]) -> None:
        """See to it that a DataCube's Secret is there, with these values."""


@dataclass(frozen=True)
class Delivery:
    """The credentials of one task, on their way; without a ``service`` there are none."""

    service: Service | None = None
    secret_ref: Any = None
    held: Held | None = field(default=None, repr=False)

    @classmethod
    def of(cls, rendered: Arguments, manifest: Mapping[str, Any]) -> Self:
        """
        Take what was given for a complete manifest.

        :raises DataCubeSpecError: the connection does not fit; names the field, never a value.
        """
        service = service_of(manifest["spec"])
        if service is None or rendered.conn_id is None:
            return cls(service if rendered.secret_ref is not None else None, rendered.secret_ref)
        held = held_by(rendered.conn_id, service.kind)
        for problem in _contradictions(manifest["spec"], service, held):
            raise refused(rendered.conn_id, problem)
        return cls(service, held=held)

    def fill(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return the manifest, named by now, with references to where its credentials will be.

        :raises DataCubeSpecError: they do not fit in.
        """
        if self.service is None:
            return dict(manifest)
        sources = self._sources(self.service, manifest["metadata"]["name"])
        spec = placed(manifest["spec"], self.service, sources)
        filled: dict[str, Any] = DataCube.from_manifest({**manifest, "spec": spec}).to_manifest()
        return filled

    def _sources(self, service: Service, cube_name: str) -> Sources:
        if self.held is None:
            return Sources.of_ref(service.kind, self.secret_ref)
        name = secret_name(cube_name)
        return Sources(name, self.held.secret_keys, public=self.held.public)

    def deliver(
        self,
        cube: Mapping[str, Any],
        withdraw: Callable[[CubeRef], None],
        secrets: SecretHook,
        patiently: Callable[[Callable[[], None]], None],
        log: Log,
    ) -> None:
        """
        Make the Secret of a DataCube that has not ended; nothing to do where somebody else has.

        A DataCube that cannot get it would wait for ever, so one that has not begun is withdrawn.

        :raises DataCubeApiError: it has not begun, and its Secret cannot be made.
        """
        ref, phase = CubeRef.of(cube), evaluate(cube.get("status")).phase
        if self.held is None or phase.is_terminal:
            return
        values = self.held.secret_values()
        try:
            patiently(lambda: secrets.provide(cube, values))
        except DataCubeApiError as error:
            if phase is not Phase.PENDING:
                log.warning("%s; DataCube %s has begun, and goes on", error, ref)
                return
            log.warning("DataCube %s cannot start without its Secret", ref)
            withdraw(ref)
            raise


def _contradictions(spec: Mapping[str, Any], service: Service, held: Held) -> Iterator[str]:
    """Yield what the author says otherwise than the connection, or would send elsewhere."""
    public = {s.target: held.public[s.field] for s in SLOTS[service.kind] if s.field in held.public}
    for entry in entries_of(spec, service.where):
        said = entry.value.rstrip("/") if isinstance(entry.value, str) else None
        if entry.target in public and said != public[entry.target].rstrip("/"):
            yield f"and spec.{entry.path} say two things: keep one of them, or make them equal"
        if entry.target == "URL" and held.server:
            if said is None:
                yield f"is for {held.server}: spec.{entry.path} must be a plain value then"
            elif not held.server.is_of(said):
                yield f"is for {held.server}, and spec.{entry.path}.value leads elsewhere"
