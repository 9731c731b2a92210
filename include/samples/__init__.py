"""The project's own sample documents: one invented tender, typeset and partly scanned by a generator."""
