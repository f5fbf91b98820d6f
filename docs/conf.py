"""The documentation site: ``make docs`` builds it, and every warning is an error."""

from __future__ import annotations

import os
import tempfile

# Importing the operators for their docstrings makes Airflow write a configuration file.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow_provider_datacube import __version__

project = "airflow-provider-datacube"
author = "the authors of airflow-provider-datacube"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False  # types of Airflow and pydantic have no page here

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the sentences say it; a signature of twenty types is not read

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_static_path: list[str] = []
