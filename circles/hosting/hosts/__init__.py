"""Hosting together: invitations, co-facilitators, helpers, the lead."""
