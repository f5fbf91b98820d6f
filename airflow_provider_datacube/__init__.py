"""DataCube transfers as Apache Airflow tasks. Importing this package imports nothing else."""

__version__ = "0.1.0"
