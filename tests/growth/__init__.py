"""Growth: what queries and pages cost in a large community."""
