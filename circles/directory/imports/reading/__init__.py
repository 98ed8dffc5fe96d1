"""Cells of a file read as values of a listing: what may be typed, names, days and fees, the reader of each field."""
