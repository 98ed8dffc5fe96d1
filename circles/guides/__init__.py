"""Guides: short texts for before and after, when to come, and a sheet to write on. It keeps nothing."""
