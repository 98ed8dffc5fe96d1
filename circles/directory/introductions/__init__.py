"""Introductions and suggestions: what members ask of therapists, and their access log."""
