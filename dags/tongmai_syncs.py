"""Airflow DAGs of all sync files in dags/syncs and the site folders. A task process builds only its own."""

from airflow.sdk import get_parsing_context

from tongmai.on_airflow.build import build_dags

globals().update(build_dags(get_parsing_context().dag_id))
