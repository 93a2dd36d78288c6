"""No DAG here: Airflow shows the mistakes of sync and connection files as this file's import error, with their places."""

from tongmai.on_airflow.build import refuse_mistakes

refuse_mistakes()
