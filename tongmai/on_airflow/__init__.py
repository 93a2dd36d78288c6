"""The hub inside Airflow: DAGs from sync files, secrets, notices. Only this room, `web`, `dags` and `plugins` import Airflow."""
