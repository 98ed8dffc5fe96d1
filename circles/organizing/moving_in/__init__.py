"""Moving in: people, past attendance and bookings ahead, brought in from files; telling them; inviting by mail."""
