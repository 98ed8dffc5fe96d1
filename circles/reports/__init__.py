"""Reports of a period, with charts."""
