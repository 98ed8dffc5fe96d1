"""The organizers' overview: the day and the month at a glance, and what needs a hand."""
