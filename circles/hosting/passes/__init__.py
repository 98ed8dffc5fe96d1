"""The passes that a circle sells."""
