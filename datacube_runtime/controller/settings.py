"""What the person who runs the controller may choose: read once, passed down frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from datacube_api.pod_settings import PodSettings


@dataclass(frozen=True)
class Settings:
    """The controller's settings; no ``namespaces`` means all of them."""

    image: str = "datacube-runtime:latest"
    image_pull_policy: str = "IfNotPresent"
    namespaces: tuple[str, ...] = ()
    workers: int = 4
    volume_grace_s: float = 10.0
    """How long after its creation a DataCube may wait for a claim that nobody has made yet."""
    resync_s: float = 600.0
    """How often every DataCube is looked at again, whatever the watches said."""
    defaults: PodSettings = field(default_factory=PodSettings)
    """Of the settings that a DataCube may have in annotations; the DataCube's own win."""
