"""Connect of the look-alike: accounts and their onboarding, transfers and their reversals."""
