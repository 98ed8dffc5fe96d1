"""People kept apart: pairs that are never given seats at the same gathering of a circle."""
