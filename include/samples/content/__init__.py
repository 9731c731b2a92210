"""The texts of the sample documents, as HTML, made from the facts of the tender."""
