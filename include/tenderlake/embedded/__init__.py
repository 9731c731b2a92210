"""Everything on one machine: a real S3 server and a real Airflow, started and stopped by ``make``.

The state lies in one folder (``.tenderlake/``); all servers listen on the loopback address only.
"""
