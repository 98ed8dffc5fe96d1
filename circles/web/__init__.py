"""What every room's pages stand on: rendering, forms, the door guard, headers, htmx, limits."""
