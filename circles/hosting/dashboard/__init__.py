"""A host's first page: what is next and what is missing."""
