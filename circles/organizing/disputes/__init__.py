"""Disputes: what there is as evidence, deadlines, outcome."""
