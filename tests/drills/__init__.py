"""Fault drills: real processes on a PostgreSQL of their own, with a mail server and a Stripe that fail on demand.

`make drill` runs all of them; `make test` leaves out those marked `drill`, which wait for real deadlines.
"""
