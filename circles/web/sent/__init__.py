"""Forms as they are sent: from which page, kept while somebody signs in again, filled in again, done once."""
