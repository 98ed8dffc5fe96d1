"""Dashboard of a host: what is next and what is missing."""
