"""Every booking for organizers: searched by name, day and circle, nearest first; and the story of one."""
