"""After a gathering: closing the register, notes for the next host, reflections, suggestions."""
