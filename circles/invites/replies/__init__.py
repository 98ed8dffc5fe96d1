"""Replies: what people answer to an invite in their calendar program, read from the mailbox that sends the invites."""

from circles.invites.replies.rules import are_read

__all__ = ["are_read"]
