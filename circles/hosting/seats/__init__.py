"""One person's seat, for hosts and organizers: give it, take it back, move it, note cash, mail its invite again."""
