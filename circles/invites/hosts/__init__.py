"""Calendars of hosts: what they host in a private feed, and by mail to those who want it."""
