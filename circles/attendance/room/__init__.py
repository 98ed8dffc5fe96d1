"""The live page of a gathering on a host's phone: opening it, who is expected, taps, the timer."""
