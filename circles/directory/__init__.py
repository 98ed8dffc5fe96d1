"""The directory: therapists' listings, how they are found, and introductions. Stands on people alone."""

from circles.directory.actions import Contact, OwnListing, contact, own_listing

__all__ = ["Contact", "OwnListing", "contact", "own_listing"]
