"""Stand-ins: who hosts one gathering in place of its usual hosts."""
