"""The Airflow DAG of the hub's daily care: expired values of stewards, data quality."""

from tongmai.on_airflow.daily import build_daily

globals().update(build_daily())
