"""The lake: Parquet tables in S3 that one writer merges and everybody reads."""
