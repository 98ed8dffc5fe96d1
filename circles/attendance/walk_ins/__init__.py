"""Walk-ins: people who came to a gathering without a booking."""
