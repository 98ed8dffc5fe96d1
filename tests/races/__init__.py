"""Races between real processes, and controls that fail without the locks."""
