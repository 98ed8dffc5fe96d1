"""Letters about what somebody attended or hosted, and the page that checks their codes."""
