"""What became of seats in the demo community: given, moved, taken by walk-ins, offered to who waits."""
