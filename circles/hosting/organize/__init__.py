"""What organizers do for circles whose hosts cannot: see what is ahead, cancel it, end a circle."""
