"""Circles of a host: create, edit, publish, pause, end, copy, discard."""
