"""Invented tender documents that look as such documents do, and what has to be found in them.

``papers`` holds one text a document: its file name and type, what it says in the form that ``writing`` takes, the
fields that stand there (``field role = value``), and those that may be found as well. Identifiers pass their sums;
region 98 belongs to nobody, mail addresses end in ``.example``.
"""
