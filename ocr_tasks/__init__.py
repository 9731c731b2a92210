"""What runs in an OCR container: one shard of page images in, one result object a page out.

Nothing here imports tenderlake or Airflow, and everything runs on Python 3.10.
"""

__version__ = "0.1.0"
