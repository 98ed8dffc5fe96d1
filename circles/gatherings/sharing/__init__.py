"""A circle elsewhere: its short address, and its next dates for other sites."""
