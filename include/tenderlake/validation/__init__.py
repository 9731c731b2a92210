"""Validation: Great Expectations suites built from the schema, and what their results mean for documents."""
