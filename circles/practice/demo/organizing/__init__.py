"""What organizers of the demo community did, and what waits for them."""
