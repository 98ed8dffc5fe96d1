"""Listings: values, rules, the therapist's own pages and the organizers'."""
