"""Cells of a list read as values: who, when, whether they came, what was paid; the reader of each field."""
