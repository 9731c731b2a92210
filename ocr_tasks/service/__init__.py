"""The HTTP service: a document in, its Markdown and blocks out. For platforms that run inference behind HTTP."""
