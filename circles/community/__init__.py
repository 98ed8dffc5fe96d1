"""What the community says of itself: its settings as stored versions, its colors and its logo."""

__all__: list[str] = []
