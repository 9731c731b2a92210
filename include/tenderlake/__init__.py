"""Tenderlake: tender documents in S3 become a lake of Parquet tables and Markdown.

All logic of the stages lives here and knows nothing of Airflow; ``dags/`` and ``plugins/`` call it.
"""

__version__ = "0.1.0"

PIPELINE_VERSION = __version__
"""Written into every document row: which code made it."""
