"""A member's own attendance: where they were, and their letters about it."""
