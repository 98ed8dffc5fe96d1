"""The embedded PostgreSQL for practice mode and tests."""
