"""The directory: therapists' listings, how they are found, and introductions. Stands on people alone."""
