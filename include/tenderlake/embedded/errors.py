"""What a user of the embedded services reads when they cannot go on."""

from __future__ import annotations


class EmbeddedError(Exception):
    """One line for the user: what is wrong and what to do."""
