"""The edge between Airflow and tenderlake: operators, retry rules, connections. Imported by the DAG files."""
