"""What people write to the organizers: questions, and concerns about somebody who hosts or organizes."""
