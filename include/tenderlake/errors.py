"""The one distinction that decides over retries."""


class NeedsPersonError(Exception):
    """No time mends this: a person has to act, as the message says. Never retried."""
