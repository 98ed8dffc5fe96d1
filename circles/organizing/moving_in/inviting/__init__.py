"""Inviting a list of people by mail to make an account."""
