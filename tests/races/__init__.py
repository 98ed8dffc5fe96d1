"""Races between real processes, and the controls that show the guards matter."""
