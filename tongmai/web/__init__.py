"""The pages inside Airflow: what every sync did, in plain words, in the reader's language."""
