"""The live page of a gathering on a host's phone: opening the room, marks, the timer."""
