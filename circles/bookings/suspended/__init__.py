"""Letting go of everything that a suspended person has ahead: seats, held seats, places on waiting lists."""
