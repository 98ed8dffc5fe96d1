"""What jobs and mails are called for people who never saw the code."""

from __future__ import annotations

from typing import Final

_JOBS: Final = {
    "mail.deliver": "sending a mail",
    "mail.deliver_first": "sending a sign-in code",
    "invites.send": "composing an invite for a booking",
    "invites.send_several": "composing the invites of several dates",
    "invites.withdraw": "telling somebody that a gathering is canceled",
    "invites.send_changes": "telling somebody what changed",
    "invites.send_to_host": "telling a host what they host",
    "invites.announce_circle": "telling those booked what changed in a circle",
    "invites.tell_moved": "telling somebody that their seat moved",
    "reminders.send": "reminders before gatherings",
    "messages.send_scheduled": "sending a message that was scheduled",
    "imports.write": "bringing in a list of therapists",
    "payments.look": "asking Stripe about a payment",
    "payments.forsake": "clearing up a payment that nobody made",
    "payments.end_addition": "ending an addition that nobody paid",
    "payments.end_checkout": "closing a checkout at Stripe",
    "payments.look_at_refund": "asking Stripe about a refund",
    "payments.refund": "sending money back",
    "payments.read_dispute": "asking Stripe about a dispute",
    "payments.answer_dispute": "answering a dispute",
    "disputes.news": "telling organizers of a dispute",
    "pool.count": "counting a pool",
    "payments.read_payout": "asking Stripe about a payout",
    "payments.reconcile_now": "comparing with Stripe’s books",
    "payments.read_charge": "asking Stripe about a charge",
    "payments.read_refunds": "asking Stripe about the refunds of a payment",
    "payments.create_account": "opening an account at Stripe for a facilitator",
    "payments.read_account": "asking Stripe about an account of a facilitator",
    "payments.account_left": "letting go of an account that left Stripe’s platform",
    "payments.settle_transfer": "settling the part of a payment that goes to an account",
    "payments.transfer_changed": "asking Stripe about the part of a payment that went to an account",
    "passes.start_checkout": "opening the payment page of a pass",
    "passes.let_go": "letting a pass go",
    "passes.end": "ending a pass",
    "waiting_list.tell": "telling somebody on a waiting list",
    "bookings.ask_again": "asking again to agree to guidelines",
    "bookings.request_closed": "telling somebody that a request is closed",
    "bookings.release": "letting a seat go",
    "bookings.let_go": "letting a seat go",
    "bookings.start_checkout": "opening a payment page",
    "bookings.start_addition": "opening the payment page of an addition",
    "sign_in.tell_of_wrong_codes": "telling somebody of wrong sign-in codes",
    "hosting.guidelines_by_organizer": "telling hosts of changed guidelines",
    "invitations.send": "sending invitations",
    "moving_in.tell": "telling people who were brought in",
    "moving_in.write": "bringing in a list",
    "people.let_go_suspended": "letting go the seats of a suspended account",
    "exports.make": "making a file of an export",
    "checks.run": "checking the data",
    "needs.run_entry": "running an entry of the timetable",
    "needs.remind_hosts": "reminding hosts of a register",
}

_MAILS: Final = {
    "invite": "an invite",
    "invites": "several invites",
    "withdrawn": "news that a gathering is canceled",
    "changed": "news of a change",
    "moved": "news that a seat moved",
    "declined": "an answer to a No in the calendar",
    "host_changes": "news for hosts",
    "host_news": "news for hosts",
    "host_invitation": "an invitation to host",
    "hosting": "what somebody hosts",
    "message": "a message of a host",
    "waiting_list": "news of a waiting list",
    "agree_again": "a question about new guidelines",
    "receipt": "a receipt",
    "apology": "an apology for a lost seat",
    "refund_failed": "news of a refund that did not arrive",
    "refund_by_hand": "news of a refund by an organizer",
    "payment_failed": "news of a payment that did not arrive",
    "addition_back": "news of money that goes back",
    "addition_failed": "news of a payment that did not arrive",
    "pass_bought": "news of a pass that was bought",
    "pass_failed": "news of a payment for a pass that did not arrive",
    "pass_ends": "news of a pass that ends soon",
    "pass_back": "news of money of a pass that goes back",
    "payout_news": "news of what a facilitator is paid",
    "payouts_restricted": "news that an account for payouts needs something",
    "listing_ask": "a question to a therapist",
    "listing_news": "news of a listing",
    "organizers_todo": "news for organizers",
    "moved_in": "a welcome to somebody who was brought in",
    "join_accounts": "a question whether two accounts are one person's",
    "accounts_joined": "news that two accounts are one",
    "suspended": "news of a suspended account",
    "suspension_lifted": "news that an account is open again",
    "community_sample": "a sample of the community's mail",
    "account_invitation": "an invitation to the site",
    "facilitator_invitation": "an invitation to be a facilitator",
    "role_news": "news of an account",
    "sign_in": "a sign-in code",
    "sign_in_tries": "news of wrong sign-in codes",
    "reminder": "a reminder",
}


def job_words(name: str) -> str:
    """What a job does; its name where nobody wrote words for it yet."""
    return _JOBS.get(name, name.replace(".", " ").replace("_", " "))


def mail_words(kind: str) -> str:
    """What a kind of mail is. That somebody asked for a therapist or to talk first is for no organizer to read.

    Nor is who gets the answer to a complaint or a concern: it may be about the organizer who reads this.
    """
    return _MAILS.get(kind, "a mail in confidence")


def shown_kind(kind: str) -> str:
    """The kind of a mail as the log of events names it: not where the mail is in confidence."""
    return kind if kind in _MAILS else "in_confidence"
