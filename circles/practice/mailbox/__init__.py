"""The practice mailbox and signing in as a person of the demo community."""
