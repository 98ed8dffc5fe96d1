"""What a community says of itself: its name, contact, crisis lines, colors, and default terms, stored and versioned."""
