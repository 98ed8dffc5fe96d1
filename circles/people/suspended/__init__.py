"""Suspended accounts: signed out, kept out, and the one page that they see."""
