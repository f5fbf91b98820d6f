"""What Airflow's own components are extended by."""
