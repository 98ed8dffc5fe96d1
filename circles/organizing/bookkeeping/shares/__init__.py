"""What the community keeps of each seat, set by organizers."""
