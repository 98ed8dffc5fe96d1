"""What organizers do for the whole community."""
