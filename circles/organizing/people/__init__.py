"""One person for organizers: their page, suspensions, invitations to be a facilitator, joining two accounts."""
