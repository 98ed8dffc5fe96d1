"""Practice mode: the mailbox where every mail lands, and the buttons to come in as the demo community."""
