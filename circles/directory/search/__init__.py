"""Finding a therapist: the search, Help me choose, the short list."""
