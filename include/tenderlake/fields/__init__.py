"""Fields: what a tender team looks for in a document, every candidate with its place and its proof.

:class:`~tenderlake.fields.finding.FieldFinder` is given the pages of a document one by one; finders look at a
:class:`~tenderlake.fields.pagereading.PageReading` and yield :class:`~tenderlake.fields.candidates.Candidate` values.
The forms of identifiers, sums and dates, and where they come from, are told in the module that knows them.
"""
