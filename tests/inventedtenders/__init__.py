"""Tender documents that nobody wrote before: invented, but as such documents look, with what has to be found in them."""
