"""What somebody hosted: gatherings and hours, for certification."""
