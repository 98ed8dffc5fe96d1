"""Replies: what people answer to an invite in their calendar program, read from the mailbox that sends the invites."""

from circles.invites.replies.rules import answering_text, are_read

__all__ = ["answering_text", "are_read"]
