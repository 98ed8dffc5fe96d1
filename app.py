"""The map of the site: settings, lifespan, every route, middleware, error handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from types import ModuleType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from circles import bookings, gatherings, invites, payments, people
from circles.attendance.afterwards import pages as after_pages
from circles.attendance.afterwards import reflection_pages, suggest_pages
from circles.attendance.hours import pages as hours_pages
from circles.attendance.letters import pages as letter_pages
from circles.attendance.own import pages as own_attendance_pages
from circles.attendance.register import pages as register_pages
from circles.attendance.room import pages as room_pages
from circles.attendance.room import readiness_pages
from circles.attendance.run_sheet import pages as run_sheet_pages
from circles.attendance.walk_ins import pages as walk_in_pages
from circles.base.settings import Settings
from circles.bookings import pages as bookings_pages
from circles.bookings.agreeing import pages as agree_pages
from circles.bookings.amounts import pages as amount_pages
from circles.bookings.apart import pages as apart_pages
from circles.bookings.moving import pages as moving_pages
from circles.bookings.passes import pages as pass_pages
from circles.bookings.pool import pages as pool_pages
from circles.bookings.receipts import pages as receipt_pages
from circles.bookings.screening import pages as screening_pages
from circles.bookings.several import pages as several_pages
from circles.bookings.waiting_list import pages as waiting_pages
from circles.commands import nightly_checks
from circles.community import pages as community_pages
from circles.directory.imports import pages as import_pages
from circles.directory.imports import word_pages
from circles.directory.introductions import answer_pages, suggestions_pages
from circles.directory.introductions import pages as introductions_pages
from circles.directory.listing import organize_pages as organize_therapists
from circles.directory.listing import own_pages
from circles.directory.listing import pages as listing_pages
from circles.directory.search import choose_pages, short_list_pages
from circles.directory.search import pages as search_pages
from circles.directory.upkeep import complaints_organize_pages as complaint_pages
from circles.directory.upkeep import complaints_pages
from circles.directory.upkeep import pages as upkeep_pages
from circles.directory.upkeep import retention as directory_retention
from circles.directory.upkeep import timetable as directory_timetable
from circles.exports import file_pages as export_file_pages
from circles.exports import own_pages as own_export_pages
from circles.exports import pages as export_pages
from circles.gatherings import pages as gatherings_pages
from circles.gatherings.sharing import pages as shared_pages
from circles.guidelines import pages as guidelines_pages
from circles.guidelines import writing_pages
from circles.guides import pages as guides_pages
from circles.guides import when_pages
from circles.hosting.change import pages as change_pages
from circles.hosting.circle import pages as circle_pages
from circles.hosting.dashboard import pages as dashboard_pages
from circles.hosting.hosts import change_pages as host_change_pages
from circles.hosting.hosts import pages as hosts_pages
from circles.hosting.organize import pages as organize_circle_pages
from circles.hosting.passes import pages as offer_pages
from circles.hosting.payouts import account_pages as payout_pages
from circles.hosting.payouts import statement_pages
from circles.hosting.pool import pages as circle_pool_pages
from circles.hosting.roles import pages as role_pages
from circles.hosting.roles import request_pages as role_request_pages
from circles.hosting.schedule import pages as schedule_pages
from circles.hosting.seats import pages as seat_pages
from circles.hosting.sharing import pages as share_pages
from circles.hosting.stand_in import pages as stand_in_pages
from circles.invites import moved as moved_seats
from circles.invites import pages as invites_pages
from circles.invites.hosts import pages as host_calendar_pages
from circles.invites.public_feeds import pages as public_feed_pages
from circles.invites.replies import actions as invite_replies
from circles.messages import circle_pages as circle_messages
from circles.messages import pages as messages_pages
from circles.messages import reading_pages as my_messages
from circles.organizing.audit import pages as audit_pages
from circles.organizing.bookings import pages as organize_bookings
from circles.organizing.bookkeeping.months import pages as month_pages
from circles.organizing.bookkeeping.payout_sheet import by_hand_pages
from circles.organizing.bookkeeping.payout_sheet import pages as payout_sheet_pages
from circles.organizing.bookkeeping.shares import pages as community_share_pages
from circles.organizing.concerns import organize_pages as concern_organize_pages
from circles.organizing.concerns import pages as concern_pages
from circles.organizing.disputes import pages as dispute_pages
from circles.organizing.moving_in import pages as moving_in_pages
from circles.organizing.moving_in.inviting import pages as inviting_pages
from circles.organizing.needs import pages as needs_pages
from circles.organizing.overview import actions as month_counts
from circles.organizing.overview import pages as overview_pages
from circles.organizing.payments import pages as payment_pages
from circles.organizing.people import invitation_pages, merge_pages
from circles.organizing.people import pages as person_pages
from circles.payments import pages as payments_pages
from circles.payments import reconcile as payment_reconcile
from circles.payments.balance import pages as balance_pages
from circles.payments.balance import readings as stripe_books
from circles.payments.cash import pages as cash_pages
from circles.payments.connect import pages as connect_pages
from circles.payments.reconciliation import pages as reconciliation_pages
from circles.payments.reconciliation import runs as reconciliation_runs
from circles.payments.shares import closing as statement_closing
from circles.payments.stuck import pages as stuck_pages
from circles.people import account_pages, profile_pages, roles_pages, sign_in_pages
from circles.people.suspended import pages as suspended_pages
from circles.practice.mailbox import pages as practice_pages
from circles.practice.stripe import api as stripe_api
from circles.practice.stripe import dashboard_pages as stripe_dashboard
from circles.practice.stripe import pages as checkout_pages
from circles.practice.stripe.connect import pages as connect_practice_pages
from circles.reminders import pages as reminders_pages
from circles.reports import pages as report_pages
from circles.reports.funder import pages as funder_pages
from circles.sandbox import pictures
from circles.store import jobs, logs, templates
from circles.store.context import Context
from circles.store.db import Database
from circles.web import access, errors, headers
from circles.web.access import Access, form, post, route
from circles.web.encoding.static import Static
from circles.web.monitoring import pages as monitoring_pages
from circles.web.site import Site

# The largest body a form may have, in bytes; a route may ask for another.
MAX_BODY = 200_000


# Jobs and timetable entries are declared on import, and most of their modules are imported by pages. These are not.
JOBS_WITHOUT_PAGES = (
    directory_retention,
    directory_timetable,
    invite_replies,
    month_counts,
    moved_seats,
    nightly_checks,
    payment_reconcile,
    reconciliation_runs,
    stripe_books,
    statement_closing,
)

ROOM_PAGE, AFTER_PAGE = "/host/gatherings/{id}/room", "/host/gatherings/{id}/after"

# Every route of the site by feature, each with its access level.

PEOPLE = [
    *form("/sign-in", sign_in_pages.sign_in_form, sign_in_pages.request_mail, Access.PUBLIC),
    *form("/sign-in/code", sign_in_pages.code_form, sign_in_pages.use_code, Access.PUBLIC),
    *form("/sign-in/link/{token}", sign_in_pages.link_form, sign_in_pages.use_link, Access.PUBLIC),
    *form("/sign-in/name", sign_in_pages.name_form, sign_in_pages.give_name, Access.PUBLIC),
    post("/sign-in/discard", sign_in_pages.discard_kept_form, Access.SIGNED_IN),
    post("/sign-out", sign_in_pages.sign_out, Access.PUBLIC),
    post("/sign-out/everywhere", sign_in_pages.sign_out_everywhere, Access.SIGNED_IN, form_page="/me"),
    *form("/me", account_pages.account, account_pages.change_account, Access.SIGNED_IN),
    post("/me/reminders", account_pages.choose_reminders, Access.SIGNED_IN, form_page="/me"),
    *form("/me/room", account_pages.access_needs_form, account_pages.set_access_needs, Access.SIGNED_IN),
    post("/me/credentials", account_pages.add_credential, Access.FACILITATOR, once=True),
    post("/me/credentials/{id}/remove", account_pages.delete_credential, Access.SIGNED_IN),
    route("/me/credentials/{id}", profile_pages.credential_form, Access.FACILITATOR),
    post("/me/credentials/{id}", profile_pages.change_credential, Access.FACILITATOR),
    *form(
        "/me/picture",
        profile_pages.picture_form,
        profile_pages.save_picture,
        Access.FACILITATOR,
        max_body=pictures.MAX_BYTES,
    ),
    post("/me/picture/remove", profile_pages.delete_picture, Access.FACILITATOR),
    route("/pictures/{hash}.jpg", profile_pages.picture, Access.MACHINE),
    post("/organize/credentials/{id}/seen", profile_pages.mark_credential, Access.ORGANIZER),
    route("/suspended", suspended_pages.suspended, Access.PUBLIC),
    *form("/organize/people", roles_pages.people, roles_pages.search, Access.ORGANIZER),
]

# Before the pages whose addresses they begin with.
PUBLIC_FEEDS = [
    route("/gatherings/feed.ics", public_feed_pages.community_calendar, Access.MACHINE),
    route("/gatherings/feed.xml", public_feed_pages.community_atom, Access.MACHINE),
    route("/circles/{id}/feed.ics", public_feed_pages.circle_calendar, Access.MACHINE),
    route("/circles/{id}/feed.xml", public_feed_pages.circle_atom, Access.MACHINE),
]

GATHERINGS = [
    route("/", gatherings_pages.home, Access.PUBLIC),
    route("/what-a-circle-is-not", gatherings_pages.what_it_is_not, Access.PUBLIC),
    route("/gatherings", gatherings_pages.listing, Access.PUBLIC),
    route("/gatherings/{id}", gatherings_pages.gathering, Access.PUBLIC),
    route("/circles/{id}", gatherings_pages.circle, Access.PUBLIC),
    route("/c/{slug}", gatherings_pages.circle_at_address, Access.PUBLIC),
    route("/circles/{id}/frame", shared_pages.frame, Access.MACHINE),
    route("/circles/{id}/dates.json", shared_pages.as_json, Access.MACHINE),
    route("/facilitators/{id}", gatherings_pages.facilitator, Access.PUBLIC),
    *form("/zone", gatherings_pages.zone_form, gatherings_pages.choose_zone, Access.PUBLIC),
]

HOSTING = [
    route("/host", dashboard_pages.dashboard, Access.HOST),
    post("/host/guidelines/preview", guidelines_pages.preview, Access.FACILITATOR),
    *form("/host/circles/{id}/guidelines", writing_pages.write_form, writing_pages.write, Access.FACILITATOR),
    route("/host/circles/{id}/agreements", agree_pages.agreements, Access.FACILITATOR),
    post("/host/circles/{id}/guidelines/discard", writing_pages.discard, Access.FACILITATOR),
    route("/host/circles/{id}/guidelines/publish", writing_pages.publish_form, Access.FACILITATOR),
    post("/host/circles/{id}/guidelines/publish", writing_pages.publish, Access.FACILITATOR),
    route("/host/circles", circle_pages.my_circles, Access.HOST),
    route("/host/circles/new", circle_pages.new_circle_form, Access.FACILITATOR),
    post("/host/circles/new", circle_pages.create_circle, Access.FACILITATOR, once=True),
    route("/host/circles/{id}", circle_pages.host_circle, Access.HOST),
    *form("/host/circles/{id}/pool", circle_pool_pages.pool, circle_pool_pages.tie, Access.HOST),
    route("/host/circles/{id}/pass", offer_pages.offer_form, Access.HOST),
    post("/host/circles/{id}/pass", offer_pages.offer, Access.HOST, once=True),
    *form("/host/circles/{id}/share", share_pages.show, share_pages.choose, Access.HOST),
    route("/host/circles/{id}/qr.svg", share_pages.qr_code, Access.HOST),
    route("/host/circles/{id}/poster.pdf", share_pages.poster, Access.HOST),
    route("/host/circles/{id}/hosts", hosts_pages.hosts, Access.HOST),
    post("/host/circles/{id}/hosts", hosts_pages.invite, Access.FACILITATOR, once=True),
    route("/host/circles/{id}/hosts/{host}/remove", host_change_pages.remove_form, Access.HOST),
    post("/host/circles/{id}/hosts/{host}/remove", host_change_pages.remove, Access.HOST, once=True),
    route("/host/circles/{id}/hosts/{host}/lead", host_change_pages.lead_form, Access.FACILITATOR),
    post("/host/circles/{id}/hosts/{host}/lead", host_change_pages.pass_lead, Access.FACILITATOR, once=True),
    route("/host/circles/{id}/lead", host_change_pages.choose_lead, Access.ORGANIZER),
    post(
        "/host/circles/{id}/asked/{asked}/withdraw",
        hosts_pages.withdraw,
        Access.FACILITATOR,
        form_page="/host/circles/{id}/hosts",
    ),
    *form("/host/invitations/{token}", hosts_pages.invitation, hosts_pages.answer, Access.SIGNED_IN),
    post("/host/invitations/{token}/ask", role_request_pages.ask, Access.SIGNED_IN),
    *form("/host/gatherings/{id}/stand-in", stand_in_pages.choose, stand_in_pages.change, Access.FACILITATOR),
    route("/host/gatherings/{id}/stand-in/back", stand_in_pages.giving_back, Access.FACILITATOR),
    post("/host/gatherings/{id}/stand-in/back", stand_in_pages.give_back, Access.FACILITATOR),
    route("/host/circles/{id}/room", readiness_pages.checks_form, Access.FACILITATOR),
    post("/host/circles/{id}/room", readiness_pages.change_checks, Access.FACILITATOR),
    route("/host/circles/{id}/edit", circle_pages.edit_circle_form, Access.FACILITATOR),
    post("/host/circles/{id}/edit", circle_pages.edit_circle, Access.FACILITATOR, once=True),
    post("/host/circles/{id}/publish", circle_pages.publish_circle, Access.FACILITATOR),
    route("/host/circles/{id}/gatherings/new", schedule_pages.new_gathering_form, Access.FACILITATOR),
    post("/host/circles/{id}/gatherings/new", schedule_pages.create_gathering, Access.FACILITATOR, once=True),
    post("/host/gatherings/{id}/publish", change_pages.publish_gathering, Access.FACILITATOR),
    post("/host/gatherings/{id}/discard", change_pages.discard_gathering, Access.FACILITATOR),
    route("/host/gatherings/{id}/cancel", change_pages.cancel_form, Access.FACILITATOR),
    post("/host/gatherings/{id}/cancel", change_pages.cancel_gathering, Access.FACILITATOR),
    route("/host/circles/{id}/schedules/new", schedule_pages.new_form, Access.FACILITATOR),
    post("/host/circles/{id}/schedules/new", schedule_pages.create, Access.FACILITATOR, once=True),
    route("/host/schedules/{id}", schedule_pages.change_form, Access.FACILITATOR),
    post("/host/schedules/{id}", schedule_pages.change, Access.FACILITATOR, once=True),
    route("/host/schedules/{id}/end", schedule_pages.end_form, Access.FACILITATOR),
    post("/host/schedules/{id}/end", schedule_pages.end, Access.FACILITATOR, once=True),
    route("/host/gatherings/{id}/change", change_pages.change_form, Access.FACILITATOR),
    post("/host/gatherings/{id}/change", change_pages.change, Access.FACILITATOR, once=True),
    route("/host/gatherings/{id}/put-back", change_pages.put_back, Access.FACILITATOR),
    post("/host/gatherings/{id}/put-back", change_pages.put_back, Access.FACILITATOR, once=True),
    post("/host/circles/{id}/pause", circle_pages.pause, Access.FACILITATOR),
    post("/host/circles/{id}/resume", circle_pages.resume, Access.FACILITATOR),
    post("/host/circles/{id}/archive", circle_pages.archive, Access.FACILITATOR),
    post("/host/circles/{id}/copy", circle_pages.copy, Access.FACILITATOR, once=True),
    *form("/host/circles/{id}/discard", circle_pages.discard_form, circle_pages.discard, Access.FACILITATOR),
    route("/organize/circles", circle_pages.organize_circles, Access.ORGANIZER),
    route("/organize/circles/{id}", organize_circle_pages.circle, Access.ORGANIZER),
    post("/organize/circles/{id}/act", organize_circle_pages.act, Access.ORGANIZER),
    post("/organize/circles/{id}/stop", organize_circle_pages.stop_acting, Access.ORGANIZER),
    post("/organize/circles/{id}/ask", organize_circle_pages.ask_to_lead, Access.ORGANIZER),
    route("/organize/circles/{id}/end", organize_circle_pages.end_form, Access.ORGANIZER),
    post("/organize/circles/{id}/end", organize_circle_pages.end, Access.ORGANIZER),
    route("/organize/people/requests", role_request_pages.list_requests, Access.ORGANIZER),
    post("/organize/people/requests/{id}/decline", role_request_pages.decline, Access.ORGANIZER),
    *form("/organize/people/{id}/roles", role_pages.role_form, role_pages.change_role, Access.ORGANIZER),
]

# One person's seat, for who hosts its gathering and for organizers.
HOSTED_SEATS = [
    route("/host/gatherings/{id}/seats", seat_pages.seats, Access.FACILITATOR),
    route("/host/gatherings/{id}/give", seat_pages.give_form, Access.FACILITATOR),
    post("/host/gatherings/{id}/give", seat_pages.give, Access.FACILITATOR, once=True),
    route("/host/seats/{id}", seat_pages.seat, Access.FACILITATOR),
    *form("/host/seats/{id}/take-off", seat_pages.take_off_form, seat_pages.take_off, Access.FACILITATOR),
    *form("/host/seats/{id}/move", seat_pages.move_form, seat_pages.move, Access.FACILITATOR),
    post("/host/seats/{id}/cash", seat_pages.note_cash, Access.FACILITATOR),
    post("/host/seats/{id}/note", seat_pages.note_leaving, Access.FACILITATOR),
    post("/host/seats/{id}/invite", seat_pages.resend, Access.FACILITATOR),
]

PAYMENTS = [
    route("/organize/accounts", connect_pages.accounts, Access.ORGANIZER),
    *form(
        "/organize/accounts/parts/{id}", connect_pages.part_form, connect_pages.settle_part, Access.ORGANIZER
    ),
    post("/organize/accounts/parts/{id}/retry", connect_pages.retry_part, Access.ORGANIZER),
    post(
        "/organize/accounts/differences/{id}",
        connect_pages.see_difference,
        Access.ORGANIZER,
        form_page="/organize/accounts",
    ),
    route("/host/payouts", payout_pages.payouts, Access.FACILITATOR),
    post("/host/payouts/connect", payout_pages.go_on, Access.FACILITATOR),
    post("/host/payouts/details", payout_pages.details, Access.FACILITATOR),
    post("/host/payouts/look", payout_pages.look, Access.FACILITATOR),
    *form(
        "/host/payouts/disconnect", payout_pages.disconnect_form, payout_pages.disconnect, Access.FACILITATOR
    ),
    route("/organize/money", stuck_pages.money, Access.ORGANIZER),
    route("/organize/cash", cash_pages.cash, Access.ORGANIZER),
    route("/organize/months", month_pages.months, Access.ORGANIZER),
    route("/organize/months/{month}", month_pages.month, Access.ORGANIZER),
    post("/organize/months/{month}/file", month_pages.file, Access.ORGANIZER),
    route("/organize/payouts", balance_pages.payouts, Access.ORGANIZER),
    route("/organize/payouts/{payout:str}", balance_pages.payout, Access.ORGANIZER),
    route("/organize/reconciliation", reconciliation_pages.reconciliation, Access.ORGANIZER),
    post("/organize/reconciliation/now", reconciliation_pages.compare_now, Access.ORGANIZER),
    *form(
        "/organize/reconciliation/{id}",
        reconciliation_pages.difference_form,
        reconciliation_pages.settle,
        Access.ORGANIZER,
    ),
    *form(
        "/organize/money/refunds/{id}", stuck_pages.refund_form, stuck_pages.settle_refund, Access.ORGANIZER
    ),
    post("/organize/money/refunds/{id}/retry", stuck_pages.retry_refund, Access.ORGANIZER),
    *form(
        "/organize/money/findings/{id}",
        stuck_pages.finding_form,
        stuck_pages.settle_finding,
        Access.ORGANIZER,
    ),
    *form(
        "/organize/money/payments/{id}", stuck_pages.payment_form, stuck_pages.stop_waiting, Access.ORGANIZER
    ),
    post("/organize/money/payments/{id}/ask", stuck_pages.ask_again, Access.ORGANIZER),
    post(
        "/webhooks/stripe", payments_pages.webhook, Access.MACHINE, max_body=payments_pages.MAX_WEBHOOK_BODY
    ),
    post(
        "/webhooks/stripe/connect",
        payments_pages.connect_webhook,
        Access.MACHINE,
        max_body=payments_pages.MAX_WEBHOOK_BODY,
    ),
]

SHARES = [
    route("/host/statements", statement_pages.statements, Access.SIGNED_IN),
    route("/host/statements/{month}.csv", statement_pages.statement_csv, Access.SIGNED_IN),
    route("/host/statements/{month}", statement_pages.statement, Access.SIGNED_IN),
    route("/organize/shares", community_share_pages.share_list, Access.ORGANIZER),
    route("/organize/shares/community/{currency}", community_share_pages.share_form, Access.ORGANIZER),
    post(
        "/organize/shares/community/{currency}", community_share_pages.save_share, Access.ORGANIZER, once=True
    ),
    route("/organize/shares/circles/{id}", community_share_pages.share_form, Access.ORGANIZER),
    post("/organize/shares/circles/{id}", community_share_pages.save_share, Access.ORGANIZER, once=True),
    route("/organize/payout-sheet", payout_sheet_pages.sheet, Access.ORGANIZER),
    route("/organize/payout-sheet.csv", payout_sheet_pages.sheet_csv, Access.ORGANIZER),
    route("/organize/payout-sheet.xlsx", payout_sheet_pages.sheet_xlsx, Access.ORGANIZER),
    route("/organize/payout-sheet/payouts/{id}", by_hand_pages.take_back_form, Access.ORGANIZER),
    post("/organize/payout-sheet/payouts/{id}", by_hand_pages.take_back, Access.ORGANIZER, once=True),
    route("/organize/payout-sheet/{person}/{currency}", by_hand_pages.payee, Access.ORGANIZER),
    post("/organize/payout-sheet/{person}/{currency}", by_hand_pages.note, Access.ORGANIZER, once=True),
]

DISPUTES = [
    route("/organize/disputes", dispute_pages.disputes, Access.ORGANIZER),
    route("/organize/disputes/{dispute}", dispute_pages.dispute, Access.ORGANIZER),
    route("/organize/disputes/{dispute}/evidence.txt", dispute_pages.text, Access.ORGANIZER),
    post("/organize/disputes/{dispute}/preview", dispute_pages.preview, Access.ORGANIZER),
    post("/organize/disputes/{dispute}/answer", dispute_pages.submit, Access.ORGANIZER),
    post("/organize/disputes/{dispute}/accept", dispute_pages.accept, Access.ORGANIZER),
]

RECEIPTS = [
    route("/organize/pool", pool_pages.pool, Access.ORGANIZER),
    route("/organize/pool/{id}", pool_pages.circle, Access.ORGANIZER),
    route("/my/receipts", receipt_pages.mine, Access.SIGNED_IN),
    route("/my/receipts/years/{year}.csv", receipt_pages.year_csv, Access.SIGNED_IN),
    route("/my/receipts/years/{year}", receipt_pages.year, Access.SIGNED_IN),
    route("/my/receipts/{id}", receipt_pages.receipt, Access.SIGNED_IN),
    route("/organize/receipts/{id}", receipt_pages.organizers_receipt, Access.ORGANIZER),
    post("/organize/receipts/{id}/send", receipt_pages.send_again, Access.ORGANIZER, once=True),
]

BOOKINGS = [
    *form("/gatherings/{id}/book", bookings_pages.booking_form, bookings_pages.book, Access.SIGNED_IN),
    *form("/circles/{id}/pass", pass_pages.buy_form, pass_pages.buy, Access.SIGNED_IN),
    route("/passes/{id}", pass_pages.show, Access.SIGNED_IN),
    route("/passes/{id}/paid", pass_pages.paid, Access.SIGNED_IN),
    route("/passes/{id}/stopped", pass_pages.stopped, Access.SIGNED_IN),
    post("/passes/{id}/look", pass_pages.look, Access.SIGNED_IN),
    post("/passes/{id}/pay", pass_pages.pay, Access.SIGNED_IN),
    post("/passes/{id}/let-go", pass_pages.let_go, Access.SIGNED_IN),
    *form("/passes/{id}/give-back", pass_pages.give_back_form, pass_pages.give_back, Access.SIGNED_IN),
    *form("/organize/passes/{id}", pass_pages.organized, pass_pages.refund, Access.ORGANIZER),
    *form("/circles/{id}/book", several_pages.several_form, several_pages.book_several, Access.SIGNED_IN),
    route("/bookings/{id}", bookings_pages.show, Access.SIGNED_IN),
    route("/bookings/{id}/state", bookings_pages.state, Access.SIGNED_IN),
    route("/bookings/{id}/paid", bookings_pages.paid, Access.SIGNED_IN),
    post("/bookings/{id}/look", bookings_pages.look, Access.SIGNED_IN),
    route("/bookings/{id}/stopped", bookings_pages.stopped, Access.SIGNED_IN),
    *form("/bookings/{id}/pay", bookings_pages.pay, bookings_pages.start_paying, Access.SIGNED_IN),
    post("/bookings/{id}/seen", bookings_pages.seen, Access.SIGNED_IN),
    post("/bookings/{id}/let-go", bookings_pages.let_go, Access.SIGNED_IN),
    *form("/bookings/{id}/cancel", bookings_pages.cancel_form, bookings_pages.cancel, Access.SIGNED_IN),
    *form("/bookings/{id}/amount", amount_pages.amount_form, amount_pages.change_amount, Access.SIGNED_IN),
    *form("/bookings/{id}/move", moving_pages.move_form, moving_pages.move, Access.SIGNED_IN),
    *form("/bookings/{id}/guidelines", agree_pages.guidelines_form, agree_pages.agree, Access.SIGNED_IN),
    post(
        "/gatherings/{id}/request",
        screening_pages.send_request,
        Access.SIGNED_IN,
        form_page="/gatherings/{id}/book",
    ),
    route("/my/requests/{id}", screening_pages.my_request, Access.SIGNED_IN),
    post("/my/requests/{id}/answer", screening_pages.answer, Access.SIGNED_IN),
    post("/my/requests/{id}/withdraw", screening_pages.withdraw, Access.SIGNED_IN),
    route("/host/requests", screening_pages.inbox, Access.FACILITATOR),
    *form("/host/requests/{id}", screening_pages.hosted_request, screening_pages.decide, Access.FACILITATOR),
    route("/host/circles/{id}/screening", screening_pages.settings_form, Access.FACILITATOR),
    post("/host/circles/{id}/screening", screening_pages.save_settings, Access.FACILITATOR, once=True),
    *form("/host/circles/{id}/apart", apart_pages.pairs, apart_pages.keep_apart, Access.FACILITATOR),
    post("/host/apart/{id}/end", apart_pages.let_together, Access.FACILITATOR),
    *form("/gatherings/{id}/wait", waiting_pages.join_form, waiting_pages.join, Access.SIGNED_IN),
    route("/waits/{id}", waiting_pages.show, Access.SIGNED_IN),
    post("/waits/{id}/take", waiting_pages.take, Access.SIGNED_IN),
    post("/waits/{id}/leave", waiting_pages.leave, Access.SIGNED_IN),
    post("/waits/{id}/agree", waiting_pages.agree, Access.SIGNED_IN),
    route("/host/gatherings/{id}/waiting-list", waiting_pages.hosted, Access.HOST),
    post("/host/gatherings/{id}/waiting-list/first", waiting_pages.put_first, Access.HOST),
]

GUIDELINES = [
    route("/circles/{id}/guidelines", guidelines_pages.history, Access.PUBLIC),
    route("/my/guidelines", guidelines_pages.mine, Access.SIGNED_IN),
    route("/my/guidelines/{id}", guidelines_pages.one_of_mine, Access.SIGNED_IN),
    route("/my/guidelines/{id}/file", guidelines_pages.as_file, Access.SIGNED_IN),
]

INVITES = [
    route("/my/gatherings", invites_pages.my_gatherings, Access.SIGNED_IN),
    post("/my/feed", invites_pages.renew_feed, Access.SIGNED_IN, form_page="/my/gatherings"),
    post("/my/feed/choices", invites_pages.choose_feed, Access.SIGNED_IN, form_page="/my/gatherings"),
    *form("/host/calendar", host_calendar_pages.calendar, host_calendar_pages.choose, Access.HOST),
    route("/bookings/{id}/invite.ics", invites_pages.invite_file, Access.SIGNED_IN),
    route("/feeds/{token}.ics", invites_pages.feed, Access.MACHINE),
    *form("/reminders/{token}", reminders_pages.show, reminders_pages.choose, Access.PUBLIC),
]

ATTENDANCE = [
    route("/host/gatherings/{id}", register_pages.gathering, Access.HOST),
    post("/host/gatherings/{id}/register", register_pages.mark, Access.HOST),
    route("/host/gatherings/{id}/marks", register_pages.record, Access.SIGNED_IN),
    route("/host/gatherings/{id}/room", room_pages.room, Access.HOST),
    post("/host/gatherings/{id}/open", room_pages.open_room, Access.HOST, form_page=ROOM_PAGE),
    post("/host/gatherings/{id}/shut", room_pages.shut_room, Access.HOST, form_page=ROOM_PAGE),
    route("/host/room-shell", room_pages.shell, Access.MACHINE),
    route("/host/room-worker.js", room_pages.worker, Access.MACHINE),
    post("/host/gatherings/{id}/room/marks", room_pages.send_marks, Access.HOST),
    *form("/host/gatherings/{id}/walk-ins", walk_in_pages.form, walk_in_pages.add, Access.HOST),
    post(
        "/host/gatherings/{id}/walk-ins/{walk_in}/remove",
        walk_in_pages.remove,
        Access.HOST,
        form_page="/host/gatherings/{id}",
    ),
    route("/host/gatherings/{id}/after", after_pages.after, Access.HOST),
    post("/host/gatherings/{id}/close", after_pages.close, Access.HOST, form_page=AFTER_PAGE),
    post("/host/gatherings/{id}/reopen", after_pages.reopen, Access.HOST, form_page=AFTER_PAGE),
    post("/host/gatherings/{id}/notes", after_pages.write_note, Access.HOST, form_page=AFTER_PAGE, once=True),
    route("/host/gatherings/{id}/suggest/{booking}", suggest_pages.suggest_form, Access.FACILITATOR),
    post("/host/gatherings/{id}/suggest/{booking}", suggest_pages.suggest, Access.FACILITATOR),
    post("/host/notes/{id}/take-away", after_pages.delete_note, Access.HOST),
    route("/host/circles/{id}/notes", after_pages.notes, Access.SIGNED_IN),
]

# Files with rows of the community. The first three are addresses of earlier versions.
EXPORTS = [
    route("/organize/attendance", export_pages.attendance, Access.ORGANIZER),
    *form("/organize/attendance.csv", export_pages.exports, export_pages.export, Access.ORGANIZER),
    *form("/organize/exports", export_pages.exports, export_pages.export, Access.ORGANIZER),
    post(
        "/organize/exports/presets",
        export_pages.save_preset,
        Access.ORGANIZER,
        form_page="/organize/exports",
    ),
    post("/organize/exports/presets/{id}/delete", export_pages.delete_preset, Access.ORGANIZER),
    route("/organize/exports/{id}", export_file_pages.show, Access.ORGANIZER),
    post("/organize/exports/{id}/file", export_file_pages.download, Access.ORGANIZER),
    post("/organize/exports/{id}/delete", export_file_pages.delete, Access.ORGANIZER),
    route("/my/access", own_export_pages.my_access, Access.SIGNED_IN),
]

# What somebody attended or hosted themselves, and letters about it.
OWN_ATTENDANCE = [
    route("/my/attendance", own_attendance_pages.attendance, Access.SIGNED_IN),
    route("/my/attendance.csv", own_attendance_pages.attendance_csv, Access.SIGNED_IN),
    route("/my/hours", hours_pages.hours, Access.SIGNED_IN),
    route("/my/hours.csv", hours_pages.hours_csv, Access.SIGNED_IN),
    route("/my/letters/new", letter_pages.new_form, Access.SIGNED_IN),
    post("/my/letters/new", letter_pages.make, Access.SIGNED_IN, once=True),
    route("/my/letters/{id}", letter_pages.show, Access.SIGNED_IN),
    post("/my/letters/{id}/withdraw", letter_pages.withdraw, Access.SIGNED_IN, form_page="/my/letters/{id}"),
    *form("/check", letter_pages.check_form, letter_pages.check, Access.PUBLIC),
]

REFLECTIONS = [
    route("/host/gatherings/{id}/reflection", reflection_pages.show, Access.FACILITATOR),
    post("/host/gatherings/{id}/reflection", reflection_pages.save, Access.FACILITATOR),
]

RUN_SHEETS = [
    run_sheet_route
    for about in ("/host/circles/{id}", "/host/gatherings/{id}")
    for run_sheet_route in (
        route(f"{about}/run-sheet", run_sheet_pages.show, Access.HOST),
        *form(f"{about}/run-sheet/edit", run_sheet_pages.edit_form, run_sheet_pages.edit, Access.FACILITATOR),
        post(f"{about}/run-sheet/put-back", run_sheet_pages.reset, Access.FACILITATOR),
    )
]

MESSAGES = [
    route("/host/gatherings/{id}/messages", messages_pages.messages, Access.FACILITATOR),
    route("/host/gatherings/{id}/messages/new", messages_pages.new_form, Access.FACILITATOR),
    post("/host/gatherings/{id}/messages/new", messages_pages.save, Access.FACILITATOR, once=True),
    route("/host/messages/{id}", messages_pages.message, Access.FACILITATOR),
    route("/host/messages/{id}/edit", messages_pages.edit_form, Access.FACILITATOR),
    route("/host/messages/{id}/mail", messages_pages.mail_html, Access.FACILITATOR),
    post("/host/messages/{id}/send", messages_pages.send, Access.FACILITATOR),
    post("/host/messages/{id}/schedule", messages_pages.schedule, Access.FACILITATOR),
    route("/host/circles/{id}/messages", circle_messages.messages, Access.FACILITATOR),
    route("/host/circles/{id}/messages/new", circle_messages.new_form, Access.FACILITATOR),
    post("/host/circles/{id}/messages/new", circle_messages.save, Access.FACILITATOR, once=True),
    route("/my/messages", my_messages.mine, Access.SIGNED_IN),
    post("/my/messages/read", my_messages.mark_read, Access.SIGNED_IN, form_page="/my/messages"),
    route("/my/messages/{id}", my_messages.one, Access.SIGNED_IN),
    post("/host/messages/{id}/discard", messages_pages.discard, Access.FACILITATOR),
]

GUIDES = [
    route("/guides", guides_pages.index, Access.PUBLIC),
    *form("/guides/when-to-come", when_pages.show_form, when_pages.show, Access.PUBLIC),
    post("/guides/when-to-come/calendar", when_pages.calendar, Access.PUBLIC),
    route("/guides/reflection", guides_pages.reflection, Access.PUBLIC),
    route("/guides/three-questions", guides_pages.three_questions, Access.PUBLIC),
    route("/guides/{slug}", guides_pages.guide, Access.PUBLIC),
]

# What organizers do for the whole community.
ORGANIZING = [
    route("/organize", overview_pages.overview, Access.ORGANIZER),
    post("/organize/needs/put-off", overview_pages.put_off, Access.ORGANIZER),
    post("/organize/needs/bring-back", overview_pages.bring_back, Access.ORGANIZER),
    post("/organize/needs/act", overview_pages.act, Access.ORGANIZER),
    *form("/organize/bookings", organize_bookings.bookings, organize_bookings.search, Access.ORGANIZER),
    route("/organize/bookings/{id}", organize_bookings.booking, Access.ORGANIZER),
    *form("/organize/payments", payment_pages.payments, payment_pages.search, Access.ORGANIZER),
    route("/organize/payments/{id}", payment_pages.payment, Access.ORGANIZER),
    post("/organize/payments/{id}/refund", payment_pages.refund, Access.ORGANIZER),
    post("/organize/payments/{id}/agree", payment_pages.agree, Access.ORGANIZER),
    post("/organize/payments/{id}/decline", payment_pages.decline, Access.ORGANIZER),
    post("/organize/payments/{id}/note", payment_pages.write_note, Access.ORGANIZER),
    route("/organize/jobs", needs_pages.jobs, Access.ORGANIZER),
    post("/organize/jobs/retry", needs_pages.retry_job, Access.ORGANIZER),
    post("/organize/jobs/drop", needs_pages.drop_job, Access.ORGANIZER),
    route("/organize/mail", needs_pages.mail, Access.ORGANIZER),
    post("/organize/mail/{id}/again", needs_pages.send_again, Access.ORGANIZER),
    post("/organize/mail/{id}/leave", needs_pages.let_be, Access.ORGANIZER),
    *form("/organize/audit", audit_pages.audit, audit_pages.search, Access.ORGANIZER),
    route("/organize/people/invitations", invitation_pages.invitations_page, Access.ORGANIZER),
    post("/organize/people/invitations", invitation_pages.invite, Access.ORGANIZER),
    post(
        "/organize/people/invitations/{id}/withdraw",
        invitation_pages.withdraw,
        Access.ORGANIZER,
        form_page="/organize/people/invitations",
    ),
    route("/facilitator-invitations/{token}", invitation_pages.invitation, Access.PUBLIC),
    post("/facilitator-invitations/{token}", invitation_pages.answer, Access.SIGNED_IN),
    route("/organize/people/{id}", person_pages.person, Access.ORGANIZER),
    *form("/organize/people/{id}/suspend", person_pages.suspend_form, person_pages.suspend, Access.ORGANIZER),
    post("/organize/people/{id}/suspend/agree", person_pages.agree, Access.ORGANIZER),
    post("/organize/people/{id}/suspend/withdraw", person_pages.withdraw, Access.ORGANIZER),
    *form("/organize/people/{id}/merge", merge_pages.merge_form, merge_pages.merge, Access.ORGANIZER),
    post("/organize/people/{id}/merge/now", merge_pages.merge_now, Access.ORGANIZER),
    post("/organize/people/{id}/merge/withdraw", merge_pages.withdraw, Access.ORGANIZER),
    *form("/join-accounts/{token}", merge_pages.answer_form, merge_pages.answer, Access.PUBLIC),
    post("/organize/people/{id}/lift", person_pages.lift, Access.ORGANIZER),
    post("/organize/audit.csv", audit_pages.export, Access.ORGANIZER, form_page="/organize/audit"),
]

REPORTS = [
    route("/organize/reports", report_pages.reports, Access.ORGANIZER),
    route("/organize/reports/funder", funder_pages.report, Access.ORGANIZER),
    route("/organize/reports/funder.xlsx", funder_pages.workbook, Access.ORGANIZER),
    route("/organize/reports/{report}.xlsx", report_pages.workbook, Access.ORGANIZER),
    route("/organize/reports/{report}", report_pages.report, Access.ORGANIZER),
]

# What members ask of therapists, and what is suggested to them.
INTRODUCTIONS = [
    route("/therapists/{id}/introduction", introductions_pages.ask_form, Access.SIGNED_IN),
    post("/therapists/{id}/introduction", introductions_pages.ask, Access.SIGNED_IN),
    post("/therapists/{id}/introduction/mail", introductions_pages.mail_html, Access.SIGNED_IN),
    route("/my/introductions", introductions_pages.mine, Access.SIGNED_IN),
    route("/my/introductions/{id}", introductions_pages.one, Access.SIGNED_IN),
    post("/my/introductions/{id}/withdraw", introductions_pages.withdraw, Access.SIGNED_IN),
    post("/my/introductions/{id}/end", introductions_pages.end, Access.SIGNED_IN),
    post("/my/introductions/{id}/forget", introductions_pages.forget_words, Access.SIGNED_IN),
    route("/my/suggestions", suggestions_pages.suggestions, Access.SIGNED_IN),
    post("/my/suggestions/{id}/put-away", suggestions_pages.delete, Access.SIGNED_IN),
    route("/my/listing/introductions", answer_pages.of_my_listing, Access.SIGNED_IN),
    *form("/my/listing/introductions/{id}", answer_pages.answer_form, answer_pages.answer, Access.SIGNED_IN),
    *form("/introductions/{token}", answer_pages.answer_form, answer_pages.answer, Access.PUBLIC),
]


def lists(home: str, pages: ModuleType) -> list[BaseRoute]:
    """The addresses of lists that organizers bring in from files; those with a fixed name stand before."""
    return [
        *form(home, pages.imports, pages.send, Access.ORGANIZER, max_body=pages.MAX_BODY),
        route(f"{home}/help", pages.help_page, Access.ORGANIZER),
        route(f"{home}/{{id}}", pages.show, Access.ORGANIZER),
        *form(f"{home}/{{id}}/columns", pages.columns_form, pages.match, Access.ORGANIZER),
        post(f"{home}/{{id}}/read", pages.read_again, Access.ORGANIZER),
        post(f"{home}/{{id}}/confirm", pages.confirm, Access.ORGANIZER),
        post(f"{home}/{{id}}/drop", pages.discard, Access.ORGANIZER),
        route(f"{home}/{{id}}/refused.csv", pages.refused_csv, Access.ORGANIZER),
    ]


# Lists of therapists that organizers bring in; its addresses stand before those with an id.
IMPORTS = [
    route("/organize/therapists/import/template.csv", import_pages.template, Access.ORGANIZER),
    route("/organize/therapists/import/{id}/words", word_pages.words, Access.ORGANIZER),
    post("/organize/therapists/import/{id}/words", word_pages.explain, Access.ORGANIZER),
    *lists("/organize/therapists/import", import_pages),
]

# Lists of people, past attendance and bookings ahead that organizers bring in, and invitations by mail.
MOVING_IN = [
    route("/organize/moving-in/{kind:str}.csv", moving_in_pages.template, Access.ORGANIZER),
    post("/organize/moving-in/{id}/answers", moving_in_pages.answer, Access.ORGANIZER),
    *form("/organize/moving-in/{id}/tell", moving_in_pages.tell_form, moving_in_pages.tell, Access.ORGANIZER),
    *lists("/organize/moving-in", moving_in_pages),
    *form(
        "/organize/invitations",
        inviting_pages.invitations,
        inviting_pages.invite,
        Access.ORGANIZER,
        max_body=inviting_pages.MAX_BODY,
    ),
    route("/organize/invitations/{id}", inviting_pages.batch, Access.ORGANIZER),
    post("/organize/invitations/{id}/withdraw", inviting_pages.withdraw, Access.ORGANIZER),
    route("/invitations/{token}", inviting_pages.opened, Access.PUBLIC),
    post("/invitations/{token}/none", inviting_pages.refuse_mail, Access.PUBLIC),
]

# Finding a therapist.
FINDING = [
    route("/therapists", search_pages.listing, Access.PUBLIC),
    *form("/therapists/choose", choose_pages.questions, choose_pages.answers, Access.PUBLIC),
    route("/therapists/short-list", short_list_pages.short_list, Access.PUBLIC),
    post("/therapists/short-list/keep", short_list_pages.keep, Access.SIGNED_IN),
    post("/therapists/short-list/forget", short_list_pages.delete, Access.SIGNED_IN),
]

# Therapists' pages, one's own, and the organizers'. After every fixed address under /therapists.
LISTINGS = [
    route("/therapists/pictures/{hash}.jpg", listing_pages.picture, Access.MACHINE),
    route("/therapists/{id}", listing_pages.listing, Access.PUBLIC),
    route("/therapists/{id}/complaint", complaints_pages.complaint_form, Access.SIGNED_IN),
    post("/therapists/{id}/complaint", complaints_pages.complain, Access.SIGNED_IN),
    *form("/listing/confirm/{token}", upkeep_pages.confirm_form, upkeep_pages.confirm, Access.PUBLIC),
    route("/my/listing", own_pages.mine, Access.SIGNED_IN),
    route("/my/listing/edit", own_pages.edit_form, Access.SIGNED_IN),
    post("/my/listing/edit", own_pages.edit, Access.SIGNED_IN, once=True),
    post("/my/listing/confirm", own_pages.confirm, Access.SIGNED_IN),
    post("/my/listing/withdraw", own_pages.withdraw, Access.SIGNED_IN),
    post("/my/listing/return", own_pages.show_again, Access.SIGNED_IN),
    *form(
        "/my/listing/picture",
        own_pages.picture_form,
        own_pages.send_picture,
        Access.SIGNED_IN,
        max_body=pictures.MAX_BYTES,
    ),
    post("/my/listing/picture/remove", own_pages.delete_picture, Access.SIGNED_IN),
    *form(
        "/organize/therapists", organize_therapists.therapists, organize_therapists.search, Access.ORGANIZER
    ),
    route("/organize/therapists/new", organize_therapists.new_form, Access.ORGANIZER),
    post("/organize/therapists/new", organize_therapists.create, Access.ORGANIZER, once=True),
    route("/organize/therapists/{id}", organize_therapists.therapist, Access.ORGANIZER),
    route("/organize/therapists/{id}/edit", organize_therapists.edit_form, Access.ORGANIZER),
    post("/organize/therapists/{id}/edit", organize_therapists.edit, Access.ORGANIZER, once=True),
    post("/organize/therapists/{id}/show", organize_therapists.show, Access.ORGANIZER),
    post("/organize/therapists/{id}/hide", organize_therapists.hide, Access.ORGANIZER),
    post("/organize/therapists/{id}/hand-over", organize_therapists.assign, Access.ORGANIZER),
    *form(
        "/organize/therapists/{id}/picture",
        organize_therapists.picture_form,
        organize_therapists.send_picture,
        Access.ORGANIZER,
        max_body=pictures.MAX_BYTES,
    ),
    post("/organize/therapists/{id}/picture/remove", organize_therapists.delete_picture, Access.ORGANIZER),
    post(
        "/organize/licenses/{id}/checked",
        organize_therapists.check_license,
        Access.ORGANIZER,
        form_page="/organize/therapists",
    ),
    *form("/organize/complaints/{id}", complaint_pages.complaint, complaint_pages.act, Access.ORGANIZER),
    route("/my/complaints/{id}", complaints_pages.one, Access.SIGNED_IN),
]

# What people write to the organizers, and what these answer.
CONCERNS = [
    *form("/write", concern_pages.write_form, concern_pages.write, Access.PUBLIC),
    *form("/facilitators/{id}/concern", concern_pages.about_form, concern_pages.about, Access.PUBLIC),
    *form("/write/{token}", concern_pages.by_link, concern_pages.reply_by_link, Access.PUBLIC),
    route("/my/concerns", concern_pages.mine, Access.SIGNED_IN),
    route("/my/complaints", concern_pages.mine, Access.SIGNED_IN),  # as pages and mails of before name it
    *form("/my/concerns/{id}", concern_pages.one, concern_pages.reply, Access.SIGNED_IN),
    route("/organize/concerns", concern_organize_pages.concerns, Access.ORGANIZER),
    *form(
        "/organize/concerns/{id}",
        concern_organize_pages.concern,
        concern_organize_pages.act,
        Access.ORGANIZER,
    ),
]

# In practice mode only; in production these addresses are not even there.
PRACTICE = [
    route("/practice/mail", practice_pages.mailbox, Access.PRACTICE),
    route("/practice/mail/{id}", practice_pages.one, Access.PRACTICE),
    route("/practice/mail/{id}/html", practice_pages.html, Access.PRACTICE),
    route("/practice/mail/{id}/invite.ics", practice_pages.calendar, Access.PRACTICE),
    post("/practice/sign-in", practice_pages.sign_in, Access.PRACTICE),
    *form("/practice/stripe", stripe_dashboard.dashboard, stripe_dashboard.act, Access.PRACTICE),
    *form(
        "/practice/connect/{id}",
        connect_practice_pages.onboarding,
        connect_practice_pages.answer,
        Access.PRACTICE,
    ),
    *form(
        "/practice/connect/accounts/{id}",
        connect_practice_pages.at_stripe,
        connect_practice_pages.act,
        Access.PRACTICE,
    ),
    *form("/practice/checkout/{id}", checkout_pages.checkout, checkout_pages.press, Access.PRACTICE),
]

# The community's own settings, which organizers publish; its colors and its logo, for everybody.
COMMUNITY = [
    *form(
        "/organize/settings", community_pages.settings_form, community_pages.save_settings, Access.ORGANIZER
    ),
    *form(
        "/organize/settings/logo",
        community_pages.logo_form,
        community_pages.send_logo,
        Access.ORGANIZER,
        max_body=pictures.MAX_BYTES,
    ),
    post("/organize/settings/mail", community_pages.mail_html, Access.ORGANIZER),
    route("/organize/settings/versions", community_pages.versions, Access.ORGANIZER),
    route("/organize/settings/versions/{number}", community_pages.version, Access.ORGANIZER),
    route("/colors/{name}.css", community_pages.colors_sheet, Access.MACHINE),
    route("/colors/{name}/preview.css", community_pages.colors_preview_sheet, Access.MACHINE),
    route("/logo/{hash}.png", community_pages.logo, Access.MACHINE),
]

ROOT: list[BaseRoute] = [
    *monitoring_pages.ROUTES,
    Mount("/static", Static(directory=templates.STATIC), name="static"),
]


def routes(settings: Settings) -> list[BaseRoute]:
    """Every route there is under these settings."""
    every: list[BaseRoute] = [*PUBLIC_FEEDS, *GATHERINGS, *PEOPLE, *BOOKINGS, *INVITES, *HOSTING]
    every += [
        *HOSTED_SEATS,
        *ATTENDANCE,
        *EXPORTS,
        *OWN_ATTENDANCE,
        *REFLECTIONS,
        *RUN_SHEETS,
        *MESSAGES,
        *GUIDELINES,
        *GUIDES,
        *REPORTS,
        *COMMUNITY,
        *PAYMENTS,
        *SHARES,
        *RECEIPTS,
        *DISPUTES,
    ]
    every += [*ORGANIZING, *MOVING_IN, *IMPORTS, *INTRODUCTIONS, *FINDING, *LISTINGS, *CONCERNS, *ROOT]
    return [*every, *PRACTICE] if settings.practice else every


def build(settings: Settings) -> Starlette:
    """The whole site as one ASGI application. Raises RuntimeError when a route says not who may come in."""
    logs.configure(settings)
    connect_features()
    every = routes(settings)
    access.check_routes(every)
    app = Site(
        routes=every,
        middleware=[
            Middleware(
                headers.SameSiteOnly,
                origin=settings.base_url,
                open_to=(reminders_pages.PATH, inviting_pages.PATH),
            ),
            Middleware(headers.BodyDeadline),
            Middleware(headers.Utf8Forms),
        ],
        exception_handlers=errors.handlers,
        lifespan=lambda app: lifespan(app, settings),
        max_body_size=MAX_BODY,
    )
    app.state.settings = settings
    app.state.find_person = people.find_signed_in
    app.state.stopping = asyncio.Event()  # set once this process is told to stop
    return app


@asynccontextmanager
async def lifespan(app: Starlette, settings: Settings) -> AsyncGenerator[None]:
    """Open the database, and run the worker beside the pages where the settings say so."""
    database = await Database.open_for_pages(
        settings.database_url, size=settings.pool_size, pooler=settings.pooler, with_jobs=settings.runs_worker
    )
    app.state.context = context = Context(settings, database)
    for_jobs = Context(settings, database.jobs, context.in_force)
    try:
        async with (
            context.in_force.followed(database),
            jobs.working(for_jobs, app.state.stopping) if settings.runs_worker else nullcontext(),
        ):
            yield
    finally:
        await payments.close(database)
        await database.close()


def connect_features() -> None:
    """Hand lower features the few functions of higher ones that they call (docs/decisions)."""
    payments.on_settled(bookings.settle)
    payments.use_practice_transport(stripe_api.transport)
    gatherings.set_seat_rules(bookings.OwnSeatRules())
    people.on_sign_out_everywhere(invites.renew_feed_within)
