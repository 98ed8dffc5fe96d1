"""Hosts of a circle: invitations, co-facilitators, helpers, the lead."""
