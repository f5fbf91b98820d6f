"""Assets of Airflow that stand for the ends of transfers."""
