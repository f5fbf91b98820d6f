"""
An operator of whose templated fields only ``manifest`` may name a file.

Airflow takes every string that ends in one of ``template_ext`` for a path, however deep it stands:
``HuggingFace(files="config.yaml")`` would be looked for beside the DAG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_datacube._arguments import FILE_ENDINGS, is_file_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2
    from airflow.sdk import Context


class ManifestFiles(BaseOperator):
    """The way that templates are rendered; what is done with them is the subclass's business."""

    template_ext: Sequence[str] = FILE_ENDINGS
    manifest: Any

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render as Airflow does, except that only ``manifest`` may name a file."""
        is_file = content is self.manifest and is_file_name(content)
        if isinstance(content, str) and content.endswith(FILE_ENDINGS) and not is_file:
            content += "{##}"  # an empty Jinja comment: renders to nothing, and ends otherwise
        return super().render_template(content, context, jinja_env, seen_oids)
