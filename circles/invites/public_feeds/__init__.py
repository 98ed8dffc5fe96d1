"""Public feeds of what is ahead, of one circle or of the whole community: iCalendar and Atom."""
