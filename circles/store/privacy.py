"""The privacy map: for every column, what it holds, and so whether it is exported and erased.

A column that the map lacks fails a test (tests/store/test_privacy.py).
"""

from __future__ import annotations

from enum import Enum


class Care(Enum):
    """What a column holds, and how it is treated."""

    IMPERSONAL = "nothing personal"
    PERSON = "the person a row is about: exported; after erasure it refers to an anonymous row"
    PERSONAL = "what a person entered or did: exported; erased where it names them"
    SECRET = "the hash of a key: never exported, deleted with the person"
    CONFIDENTIAL = "known to hosts or organizers alone, about others: never exported, deleted in its time"


IMPERSONAL, PERSON, PERSONAL = Care.IMPERSONAL, Care.PERSON, Care.PERSONAL
SECRET, CONFIDENTIAL = Care.SECRET, Care.CONFIDENTIAL


def _all(care: Care, names: str) -> dict[str, Care]:
    return dict.fromkeys(names.split(), care)


# By table and column. The queue's own tables (pgqueuer*) hold ids alone; old rows are deleted after 14 days.
MAP: dict[str, dict[str, Care]] = {
    "people": _all(PERSON, "id")
    | _all(
        PERSONAL,
        "email name name_key pronouns zone clock_hours clock_chosen about access_needs approach languages created_at "
        "is_facilitator is_organizer suspended_at merged_into remind_day remind_hour calendar_alarms hosting_mail",
    ),
    "facilitator_invitations": _all(IMPERSONAL, "id")
    | _all(PERSON, "invited_by answered_by")
    | _all(PERSONAL, "email state created_at expires_at ended_at")
    | _all(SECRET, "token_hash"),
    "merges": _all(IMPERSONAL, "id")
    | _all(PERSON, "kept_id gone_id asked_by ended_by")
    | _all(CONFIDENTIAL, "why")
    | _all(PERSONAL, "state asked_at expires_at kept_agreed_at gone_agreed_at ended_at")
    | _all(SECRET, "kept_token_hash gone_token_hash"),
    # The reason is what organizers wrote for themselves; where they shared it, the mail to the person has it.
    "suspensions": _all(IMPERSONAL, "id leads")
    | _all(PERSON, "person_id asked_by begun_by ended_by")
    | _all(CONFIDENTIAL, "reason")
    | _all(
        PERSONAL,
        "state shares_reason refund until asked_at begun_at released_at ended_at was_facilitator was_organizer",
    ),
    "credentials": _all(IMPERSONAL, "id version seen_at")
    | _all(PERSON, "person_id seen_by")
    | _all(PERSONAL, "kind body year link"),
    "pictures": _all(PERSON, "person_id") | _all(PERSONAL, "hash jpeg created_at"),
    "sign_in_requests": _all(IMPERSONAL, "mail_id")
    | _all(PERSON, "id person_id")
    | _all(
        PERSONAL,
        "email name pronouns zone clock_hours next_path created_at expires_at proven_at used_at tries code_digits",
    )
    | _all(SECRET, "browser_hash code_hash link_hash"),
    "sign_ins": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "created_at expires_at ended_at")
    | _all(SECRET, "token_hash"),
    "known_browsers": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "created_at used_at")
    | _all(SECRET, "key_hash"),
    # Of any address, also of one without an account; a month after the last wrong code it is deleted.
    "code_failures": _all(IMPERSONAL, "failures changed_at told_at") | _all(SECRET, "address_hash"),
    "mails": _all(IMPERSONAL, "id kind calendar_method message_id state claimed_until useful_until about")
    | _all(PERSON, "person_id")
    | _all(
        PERSONAL,
        "to_address to_name subject text_body html_body calendar more_calendars reply_to created_at sent_at "
        "unsubscribe_url",
    )
    # Why an organizer lets a mail be that did not arrive.
    | _all(CONFIDENTIAL, "settled_at settled_by settled_reason"),
    # `about` is the id of what waits, or the name of a kind of job.
    "needs_put_off": _all(IMPERSONAL, "source about until at") | _all(PERSON, "put_off_by not_for"),
    "acting_organizers": _all(IMPERSONAL, "circle_id since until")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "reason"),
    "month_numbers": _all(
        IMPERSONAL, "month gatherings seats taken people came newcomers paid given counted_at"
    ),
    "job_counts": _all(IMPERSONAL, "kind runs failures seconds"),
    "processes": _all(IMPERSONAL, "id kind started_at seen_at pooled"),
    "timetable_entries": _all(IMPERSONAL, "name due_at succeeded_at failed_at failures failure"),
    "unreached_addresses": _all(PERSONAL, "address because since"),
    "events": _all(IMPERSONAL, "id")
    | _all(PERSON, "who about")
    | _all(PERSONAL, "at what before after why details"),
    # erased_for is an anonymous row by then; the salt goes with the reason that it belongs to.
    "event_links": _all(IMPERSONAL, "position event_id digest hash erased_for") | _all(SECRET, "salt"),
    "event_chain": _all(
        IMPERSONAL,
        "is_only length head sealed_through watched_through watched_before watched_at verified",
    ),
    "limits": _all(IMPERSONAL, "window_start count") | _all(SECRET, "key"),
    # What was typed is encrypted with a key that the browser alone has; both tables are emptied after an hour.
    "kept_forms": _all(PERSON, "person_id")
    | _all(PERSONAL, "created_at")
    | _all(SECRET, "token_hash sealed"),
    "sent_forms": _all(IMPERSONAL, "location sent_at") | _all(SECRET, "key"),
    "guidelines": _all(IMPERSONAL, "id created_at"),
    "guidelines_versions": _all(IMPERSONAL, "id guidelines_id number body sha256 published_at material why")
    | _all(PERSON, "published_by"),
    "guidelines_drafts": _all(IMPERSONAL, "guidelines_id body revision saved_at") | _all(PERSON, "saved_by"),
    "guidelines_asked": _all(PERSON, "person_id") | _all(PERSONAL, "version_id asked_at"),
    "acceptances": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "version_id sha256 accepted_at"),
    "circles": _all(
        IMPERSONAL,
        "id name name_key discreet_name purpose format place city address join_link zone capacity length_minutes "
        "currency minimum suggested maximum community_seats pool_tied pool_empty_since "
        "refund_hours late_refund_percent guidelines_id state version asks_co asks_card created_at "
        "public_changed_at public_changes",
    )
    | _all(PERSON, "created_by"),
    "circle_addresses": _all(IMPERSONAL, "slug circle_id is_current chosen_at") | _all(PERSON, "chosen_by"),
    "hosts": _all(PERSON, "person_id") | _all(PERSONAL, "circle_id part"),
    "host_invitations": _all(IMPERSONAL, "id")
    | _all(PERSON, "invited_by answered_by")
    | _all(PERSONAL, "circle_id gathering_id email part state created_at expires_at ended_at")
    | _all(SECRET, "token_hash"),
    "role_requests": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id decided_by")
    | _all(PERSONAL, "invitation_id state created_at decided_at"),
    "stand_ins": _all(PERSON, "person_id added_by") | _all(PERSONAL, "gathering_id created_at"),
    "gatherings": _all(
        IMPERSONAL,
        "id circle_id wall_start zone length_minutes starts_at ends_at capacity community_seats community_planned "
        "seats_map seats_taken community_taken community_map note state cancel_reason version created_at schedule_id "
        "planned_for by_hand oddity join_link city address told opened_at checks closed_at reopened_at "
        "public_changed_at public_changes",
    )
    | _all(PERSON, "opened_by closed_by"),
    "schedules": _all(
        IMPERSONAL,
        "id circle_id kind first_date every weekdays nth month_day dates until times skipped wall_time zone "
        "length_minutes capacity community_seats note join_link city address state version planted_until "
        "created_at",
    )
    | _all(PERSON, "created_by"),
    "bookings": _all(PERSON, "person_id")
    | _all(
        PERSONAL,
        "id gathering_id seat kind state amount currency scale_minimum scale_maximum refund_hours "
        "late_refund_percent acceptance_id booked_with held_until let_go_at returned_at created_at confirmed_at "
        "ended_at end_cause full_refund_until known early_sequence early_changed_at terms_start moves "
        "scale_suggested recorded_at",
    ),
    "waits": _all(PERSON, "person_id")
    | _all(IMPERSONAL, "told")
    | _all(CONFIDENTIAL, "first_by first_reason passed_seats")
    | _all(
        PERSONAL,
        "id gathering_id line amount currency acceptance_id state joined_at moved_at seat offered_at offer_ends_at "
        "first_at lapses lapsed_at booking_id ended_at end_cause",
    ),
    "given_seats": _all(IMPERSONAL, "made_account")
    | _all(PERSON, "booking_id given_by")
    | _all(PERSONAL, "name name_key email given_at answered_at"),
    "leaving_notes": _all(PERSON, "booking_id written_by") | _all(PERSONAL, "body written_at"),
    "checkouts": _all(PERSON, "booking_id")
    | _all(
        PERSONAL,
        "id covers amount currency state stripe_id payment_intent url expires_at looked_at created_at pending_at "
        "debit_failed_at page_asks page_asked_at",
    ),
    "checkout_lines": _all(PERSON, "booking_id pass_id")
    | _all(PERSONAL, "checkout_id position amount is_addition"),
    "operations": _all(PERSON, "booking_id pass_id settled_by")
    | _all(
        PERSONAL,
        "id kind checkout_id finding_id idempotency_key amount request state stripe_id fault reason created_at "
        "called_at again_at tries done_at read_at stripe_state sent_at failed_ids covered disputed settled_at "
        "settled_reason by_hand",
    ),
    # What organizers write of a refund, and beside a payment, is the person's as well: exported, and erased.
    "refunds_by_hand": _all(PERSON, "booking_id asked_by decided_by")
    | _all(PERSONAL, "id checkout_id amount currency reason note frees_seat state asked_at decided_at"),
    "payment_notes": _all(PERSON, "written_by") | _all(PERSONAL, "id checkout_id body at"),
    "payment_facts": _all(
        PERSONAL, "checkout_id at circle_id currency state gross refunded taken waiting fee"
    ),
    "payment_sums": _all(
        IMPERSONAL,
        "day circle_id state currency payments gross refunded taken waiting fee without_fee is_folded",
    ),
    "payment_findings": _all(PERSON, "booking_id pass_id settled_by")
    | _all(
        PERSONAL,
        "id kind stripe_id payment_intent amount currency expected answered created_at settled_at settled_reason "
        "gave_seat",
    ),
    "money_rows": _all(PERSON, "booking_id pass_id")
    | _all(PERSONAL, "id at checkout_id kind amount currency stripe_id"),
    "ledger_entries": _all(PERSON, "booking_id pass_id")
    | _all(PERSONAL, "id at posted_at kind source currency circle_id lines"),
    "ledger_sums": _all(
        IMPERSONAL,
        "month circle_id kind currency entries gross refund fee payout paid_out income owed passes_sold stripe bank "
        "cash unknown",
    ),
    "ledger_summed": _all(IMPERSONAL, "is_only zone up_to at"),
    # The owner is a person for what is owed to facilitators, a circle for its income.
    "ledger_lines": _all(PERSON, "owner_id") | _all(PERSONAL, "entry_id position account amount currency at"),
    "share_terms": _all(IMPERSONAL, "id circle_id currency percent flat at_most starts_at reason created_at")
    | _all(PERSON, "set_by"),
    "payment_shares": _all(PERSON, "booking_id facilitator_id")
    | _all(PERSONAL, "id checkout_id circle_id terms_id amount part currency account created_at"),
    # Kept as long as the books are, though an account is erased: it then refers to a row without a name.
    "receipts": _all(PERSON, "person_id booking_id walk_in_id")
    | _all(PERSONAL, "id number name circle_id discreet_name currency checkout_id at"),
    # What Stripe still asks for is its names of questions; the answers are at Stripe alone.
    "connect_accounts": _all(PERSON, "person_id")
    | _all(
        PERSONAL,
        "id idempotency_key request called_at stripe_id country currency charges_enabled payouts_enabled "
        "details_submitted transfers due disabled_reason read_at active_at restricted_at ended_at ended_because "
        "created_at is_active",
    ),
    "connected_payments": _all(PERSON, "seen_by")
    | _all(
        PERSONAL,
        "checkout_id account_id amount currency given_up_at settle_at read_at fault differs seen_at created_at",
    ),
    "connect_operations": _all(PERSON, "settled_by")
    | _all(
        PERSONAL,
        "id kind checkout_id transfer_id amount request idempotency_key state stripe_id fault tries called_at "
        "again_at created_at done_at settled_at settled_reason",
    ),
    "transfer_rows": _all(IMPERSONAL, "statement_id")
    | _all(
        PERSONAL,
        "id at recorded_at checkout_id account_id kind amount currency stripe_id transfer_id",
    ),
    "share_rows": _all(IMPERSONAL, "share_id statement_id")
    | _all(PERSONAL, "id at money_row_id amount part seats"),
    "cash_shares": _all(PERSON, "booking_id walk_in_id facilitator_id")
    | _all(PERSONAL, "id circle_id terms_id currency created_at"),
    "cash_share_rows": _all(IMPERSONAL, "share_id statement_id")
    | _all(PERSONAL, "cash_row_id at amount part seats"),
    "pass_shares": _all(PERSON, "facilitator_id")
    | _all(PERSONAL, "id pass_id circle_id terms_id amount part currency created_at"),
    "pass_share_rows": _all(IMPERSONAL, "share_id statement_id")
    | _all(PERSONAL, "entry_id at amount part seats"),
    # What a facilitator may read of the money of their circles.
    "statement_months": _all(IMPERSONAL, "month until closed_at"),
    "statements": _all(PERSON, "facilitator_id") | _all(PERSONAL, "id month currency created_at"),
    "statement_lines": _all(IMPERSONAL, "statement_id")
    | _all(PERSONAL, "circle_id way seats amount fees part transferred held since hides_fees"),
    "hand_payouts": _all(PERSON, "facilitator_id noted_by")
    | _all(PERSONAL, "id at currency amount paid_on way reference reason corrects"),
    # Of a walk-in without an account nobody is known but the first name, which is forgotten after a year.
    "walk_ins": _all(PERSON, "person_id added_by removed_by")
    | _all(PERSONAL, "id gathering_id name seat added_at removed_at late left_early recorded_at"),
    "cash_rows": _all(PERSON, "booking_id walk_in_id noted_by")
    | _all(PERSONAL, "id at kind amount currency note"),
    "disputes": _all(PERSON, "booking_id pass_id")
    | _all(
        PERSONAL,
        "stripe_id checkout_id amount currency state reason fee answer_by made_at closed_at read_at created_at",
    ),
    # Of the whole account at Stripe; those with a checkout are of the person who paid it.
    "balance_transactions": _all(
        PERSONAL,
        "id type category amount fee net currency source_id charge_id payment_intent source_amount source_currency "
        "made_at available_at payout_id checkout_id place own_amount placed_at read_at reference own_key postings",
    ),
    "payouts": _all(
        IMPERSONAL,
        "id amount currency state is_automatic made_at arrives_at transaction_id failure_transaction_id failure "
        "contents_read_at read_at",
    ),
    # What hosts offer; a pass refers to the version it was sold under.
    "pass_offers": _all(
        IMPERSONAL,
        "id circle_id number is_sold uses weeks currency minimum suggested maximum refund_kind refund_percent "
        "refund_per_use refund_weeks published_at",
    )
    | _all(PERSON, "published_by"),
    "passes": _all(PERSON, "person_id")
    | _all(
        PERSONAL,
        "id offer_id circle_id state amount currency uses used acceptance_id held_until let_go_at returned_at reminded "
        "created_at paid_at valid_until ended_at end_cause",
    ),
    "pass_uses": _all(PERSON, "booking_id pass_id")
    | _all(PERSONAL, "place value state used_at ended_at returned"),
    "reconciliation_runs": _all(
        IMPERSONAL, "id asked_by since until began_at beat_at ended_at outcome transactions mended"
    ),
    "reconciliation_balances": _all(IMPERSONAL, "run_id currency stripe listed ledger"),
    "reconciliation_differences": _all(PERSON, "settled_by")
    | _all(
        PERSONAL,
        "id kind about transaction_id checkout_id payout_id currency ours stripe other_currency at found_at ended_at "
        "ended reason posted postings",
    ),
    # What left about a payment, for the books and for a question of the bank: it stays as the dispute does.
    "dispute_answers": _all(IMPERSONAL, "id kind state fault asked_at done_at")
    | _all(PERSON, "asked_by")
    | _all(PERSONAL, "dispute_id request")
    | _all(CONFIDENTIAL, "reason"),
    "dispute_notices": _all(IMPERSONAL, "dispute_id kind told_at"),
    "stripe_alarms": _all(IMPERSONAL, "kind since at"),
    "stripe_readings": _all(IMPERSONAL, "kind until"),
    "check_runs": _all(IMPERSONAL, "id at broken"),
    "stripe_events": _all(IMPERSONAL, "id type object_id received_at"),
    "practice_objects": _all(IMPERSONAL, "id kind body payout created_at"),
    "practice_faults": _all(IMPERSONAL, "id target fault times seconds after_effect created_at"),
    "practice_keys": _all(IMPERSONAL, "key request_sha256 status answer created_at"),
    "invites": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "gathering_id uid sequence changed_at told last_line")
    | _all(IMPERSONAL, "organizer"),
    "host_entries": _all(PERSON, "person_id")
    | _all(IMPERSONAL, "id organizer due")
    | _all(PERSONAL, "gathering_id uid sequence changed_at hosting facts told mailed mailed_sequence"),
    "sendings": _all(IMPERSONAL, "id")
    | _all(PERSON, "booking_id")
    | _all(PERSONAL, "invite_id method sequence facts sent_at"),
    "change_lines": _all(IMPERSONAL, "id gathering_id")
    | _all(PERSON, "written_by")
    | _all(PERSONAL, "line written_at"),
    "reminders": _all(IMPERSONAL, "id batch mail_id")
    | _all(PERSON, "booking_id")
    | _all(PERSONAL, "kind starts_at planned_at sent_at"),
    # Kept with the register of the gathering, and deleted with the invite.
    "invite_replies": _all(IMPERSONAL, "mails")
    | _all(PERSON, "invite_id")
    | _all(PERSONAL, "answer sequence answered_at received_at"),
    "reply_mailboxes": _all(IMPERSONAL, "name validity last_uid read_at"),
    "feeds": _all(PERSON, "person_id")
    | _all(PERSONAL, "number created_at hosting_within leaves_out_mailed")
    | _all(SECRET, "token_hash former_hashes hosting_hashes"),
    "attendance": _all(PERSON, "booking_id marked_by") | _all(PERSONAL, "mark late left_early marked_at"),
    # The register as a record: its rows are never changed, so nothing in them names anybody.
    "register_marks": _all(IMPERSONAL, "id key")
    | _all(PERSON, "booking_id walk_in_id made_by")
    | _all(PERSONAL, "gathering_id mark late left_early made_at received_at source"),
    "letters": _all(PERSON, "person_id")
    | _all(
        PERSONAL,
        "id kind name first_date last_date circle_id names_said kind_said hours_said gatherings minutes people lines "
        "made_at",
    )
    | _all(SECRET, "code_hash"),
    "hosted_gatherings": _all(PERSON, "person_id") | _all(PERSONAL, "gathering_id part"),
    "register_counts": _all(IMPERSONAL, "gathering_id marked came"),
    "taps": _all(IMPERSONAL, "key")
    | _all(PERSON, "booking_id walk_in_id who")
    | _all(PERSONAL, "mark late left_early tapped_at"),
    "register_facts": _all(PERSON, "person_id")
    | _all(PERSONAL, "source_id gathering_id starts_at mark came"),
    "waiting_counts": _all(IMPERSONAL, "gathering_id waited seated"),
    "hand_over_notes": _all(IMPERSONAL, "id")
    | _all(PERSON, "about written_by")
    | _all(PERSONAL, "circle_id gathering_id body written_at"),
    # gatherings: which ones a file covers. hosts: the facilitators it names; their own export does not list the others.
    "exports": _all(IMPERSONAL, "id row_count finished_at format columns read_at made_by gatherings")
    | _all(PERSON, "who")
    | _all(CONFIDENTIAL, "hosts")
    | _all(PERSONAL, "what at filters depth purpose"),
    # Deleted after seven days, and at once when somebody is erased whom a file names.
    "export_files": _all(
        IMPERSONAL, "export_id state attempt rows_expected rows_done bytes made_at expires_at"
    ),
    "export_chunks": _all(IMPERSONAL, "export_id number") | _all(CONFIDENTIAL, "body"),
    "export_downloads": _all(IMPERSONAL, "id export_id") | _all(PERSON, "who") | _all(PERSONAL, "at"),
    "export_presets": _all(IMPERSONAL, "id name kind depth format columns created_at")
    | _all(PERSON, "made_by"),
    "released_totals": _all(IMPERSONAL, "circle_id month measure people number released_at"),
    "former_seats": _all(PERSON, "booking_id") | _all(PERSONAL, "gathering_id kind until"),
    "former_starts": _all(IMPERSONAL, "gathering_id wall_start until"),
    "reflections": _all(IMPERSONAL, "gathering_id version")
    | _all(PERSON, "changed_by")
    | _all(PERSONAL, "went_well carry_on changed_at"),
    "run_sheets": _all(IMPERSONAL, "id circle_id gathering_id version changed_at")
    | _all(PERSON, "changed_by"),
    "run_steps": _all(IMPERSONAL, "sheet_id position title minutes words"),
    "message_people": _all(IMPERSONAL, "message_id")
    | _all(PERSON, "person_id")
    | _all(PERSONAL, "gone_at read_at"),
    "messages": _all(
        IMPERSONAL, "id gathering_id circle_id audience state mails is_short is_scheduled held_because"
    )
    | _all(PERSON, "written_by booking_id")
    | _all(PERSONAL, "body reply_to created_at sent_at send_wall send_at"),
    "screenings": _all(IMPERSONAL, "circle_id asks questions newcomers_most newcomers_days version"),
    "requests": _all(PERSON, "person_id decided_by")
    | _all(
        PERSONAL, "id circle_id gathering_id kind state words created_at moved_at decided_at forgotten_at"
    ),
    "request_answers": _all(PERSON, "request_id") | _all(PERSONAL, "number question answer"),
    "apart": _all(CONFIDENTIAL, "id circle_id first_id second_id set_by created_at"),
    "listings": _all(
        IMPERSONAL,
        "id facets found_by search number version lowest_fee asked_at marked_at shown_at state hidden_because",
    )
    | _all(PERSON, "person_id source_by")
    | _all(
        PERSONAL,
        "name name_key letters pronouns headline approach experience works_with for_whom languages telehealth "
        "in_person "
        "city area zip latitude longitude currency fee_minimum fee_maximum sliding_floor pro_bono_places "
        "fee_slides unsaid takes_insurance insurance_words gives_superbills free_consultation room room_confirmed_at "
        "therapist_confirmed_at answer_experience answer_training answer_medicine links email phone npi picture_hash "
        "source source_note came_at confirmed_at created_at changed_at hidden_words",
    ),
    "facet_blocks": _all(IMPERSONAL, "facet block kind bits"),
    "stale_blocks": _all(IMPERSONAL, "block"),
    "listing_pictures": _all(PERSON, "listing_id") | _all(PERSONAL, "hash jpeg created_at"),
    "licences": _all(IMPERSONAL, "id checked_at checked_against")
    | _all(PERSON, "listing_id checked_by")
    | _all(PERSONAL, "kind area number status status_said expires_on source"),
    "listing_ways": _all(PERSON, "listing_id") | _all(PERSONAL, "way credential school year"),
    "complaints": _all(IMPERSONAL, "id state decided_at forgotten_at answer_by reminded_at")
    | _all(PERSON, "listing_id person_id decided_by")
    | _all(PERSONAL, "body answer created_at"),
    "complaint_steps": _all(IMPERSONAL, "id at what answer_by")
    | _all(PERSON, "complaint_id who")
    | _all(CONFIDENTIAL, "note"),
    "concerns": _all(IMPERSONAL, "id state closed_at forgotten_at answer_by reminded_at")
    | _all(PERSON, "person_id about_person")
    | _all(PERSONAL, "email is_unnamed body created_at"),
    "concern_steps": _all(IMPERSONAL, "id at what answer_by")
    | _all(PERSON, "concern_id who")
    | _all(PERSONAL, "body"),
    # The file and what is noted of its rows hold the therapists it lists; both go with the import's contents.
    "listing_imports": _all(IMPERSONAL, "id kind headings matches starts_as state ended_at told_at")
    | _all(CONFIDENTIAL, "notes content")
    | _all(PERSON, "made_by told_by")
    | _all(PERSONAL, "file_name created_at"),
    "listing_import_rows": _all(IMPERSONAL, "import_id number outcome seen_version")
    | _all(PERSON, "listing_id person_id booking_id")
    | _all(PERSONAL, "cells says"),
    # What a list brought from elsewhere: seats, past gatherings, and people whom nobody told of their account yet.
    "moved_in_seats": _all(IMPERSONAL, "import_id told_at")
    | _all(PERSON, "booking_id")
    | _all(PERSONAL, "paid"),
    "moved_in_gatherings": _all(IMPERSONAL, "gathering_id import_id"),
    "untold_people": _all(IMPERSONAL, "import_id") | _all(PERSON, "person_id") | _all(PERSONAL, "since"),
    "account_invitations": _all(IMPERSONAL, "id batch circle_id state created_at ended_at")
    | _all(PERSON, "invited_by")
    | _all(PERSONAL, "email"),
    # Of any address, also of one without an account: it asked for no invitations, and its erasure does not undo that.
    "unwanted_mail": _all(IMPERSONAL, "since") | _all(SECRET, "address_hash"),
    "short_lists": _all(PERSON, "person_id") | _all(PERSONAL, "listing_id added_at"),
    "introductions": _all(IMPERSONAL, "mail_id")
    | _all(PERSON, "id person_id")
    | _all(
        PERSONAL,
        "listing_id listing_name state told call_name reach looking_for own_words created_at expires_at answered_at "
        "ended_at ended_because other_listing_id answer_words forgotten_at",
    )
    | _all(SECRET, "token_hash"),
    "suggestions": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id made_by")
    | _all(PERSONAL, "listing_ids words created_at"),
    # listing_name, here and in introductions, is a therapist's public name at the time a member wrote to them. It is
    # the member's record of who got their text, so it is erased with the member's account, not with the therapist's.
    # A therapist who was only suggested leaves no name.
    "accesses": _all(IMPERSONAL, "id")
    | _all(PERSON, "person_id who")
    | _all(PERSONAL, "at what listing_id listing_name details"),
    "community_logos": _all(IMPERSONAL, "hash png width height sent_at") | _all(PERSON, "sent_by"),
    "community_versions": _all(
        IMPERSONAL,
        "number id community_name mail_name calendar_name statement_name contact_address crisis_lines accent ground "
        "accent_dark ground_dark logo currency minimum suggested maximum refund_hours late_refund_percent zone asks "
        "mail_footer put_back why published_at",
    )
    | _all(PERSON, "published_by"),
    "circles_migrations": _all(IMPERSONAL, "name sha256 applied_at incompatible"),
}

# Tables with personal columns that an erasure leaves alone: their rows refer to somebody without a name or address.
STAYS = frozenset(
    (
        *(
            "acceptances",
            "attendance",
            "balance_transactions",
            "bookings",
            "cash_share_rows",
            "cash_shares",
            "checkout_lines",
            "checkouts",
            "code_failures",
            "connected_payments",
            "disputes",
            "event_links",
            "events",
            "export_downloads",
            "exports",
            "former_seats",
            "guidelines_asked",
            "hosted_gatherings",
            "invite_replies",
            "invites",
        ),
        *(
            "ledger_entries",
            "ledger_lines",
            "limits",
            "money_rows",
            "payment_facts",
            "pass_uses",
            "passes",
            "pass_share_rows",
            "pass_shares",
            "payment_shares",
            "receipts",
            "reflections",
            "register_facts",
            "register_marks",
            "reminders",
            "sendings",
            "sent_forms",
            "share_rows",
            "stand_ins",
            "statement_lines",
            "statements",
            "taps",
            "transfer_rows",
            "unwanted_mail",
            "walk_ins",
        ),
    )
)
# Those whose rows go with the row they belong to (on delete cascade).
CASCADES = frozenset(
    ("complaint_steps", "concern_steps", "licences", "listing_pictures", "listing_ways", "request_answers")
)
