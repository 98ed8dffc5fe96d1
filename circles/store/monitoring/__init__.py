"""What processes store for health checks and metrics: heartbeats, and the outcome of the timetable's runs."""
