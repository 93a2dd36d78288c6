"""Start and stop what the hub runs on: the embedded PostgreSQL and Airflow."""
