"""Upkeep of listings: confirmations, license checks, complaints, retention."""
