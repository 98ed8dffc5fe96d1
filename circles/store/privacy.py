"""Every column there is, in one map: what is personal in it, and so what is exported, erased, forgotten.

A column that the map lacks fails the build (tests/test_privacy.py).
"""

from __future__ import annotations

from enum import Enum


class Care(Enum):
    """What a column holds, and so what becomes of it."""

    PLAIN = "nothing personal"
    WHO = "which person a row is about: exported; after erasure it leads to nobody known"
    TOLD = "what a person told or did: exported; erased where it names them"
    KEY = "a hash of a key: never exported, deleted with the person"
    HUSHED = "what hosts keep to themselves, for the sake of another: never exported, deleted with the person"


PLAIN, WHO, TOLD, KEY, HUSHED = Care.PLAIN, Care.WHO, Care.TOLD, Care.KEY, Care.HUSHED


def _all(care: Care, names: str) -> dict[str, Care]:
    return dict.fromkeys(names.split(), care)


# table: column: care. The queue's own tables (pgqueuer*) hold ids alone and are tidied after 14 days.
MAP: dict[str, dict[str, Care]] = {
    "people": _all(WHO, "id")
    | _all(
        TOLD,
        "email name pronouns zone about access_needs approach languages created_at is_facilitator is_organizer",
    ),
    "credentials": _all(PLAIN, "id version seen_at")
    | _all(WHO, "person_id seen_by")
    | _all(TOLD, "kind body year link"),
    "pictures": _all(WHO, "person_id") | _all(TOLD, "hash jpeg created_at"),
    "sign_in_requests": _all(WHO, "id person_id")
    | _all(TOLD, "email name pronouns zone next_path created_at expires_at proven_at used_at tries")
    | _all(KEY, "browser_hash code_hash link_hash"),
    "sign_ins": _all(PLAIN, "id")
    | _all(WHO, "person_id")
    | _all(TOLD, "created_at expires_at ended_at")
    | _all(KEY, "token_hash"),
    "mails": _all(PLAIN, "id kind calendar_method message_id state claimed_until")
    | _all(WHO, "person_id")
    | _all(TOLD, "to_address to_name subject text_body html_body calendar reply_to created_at sent_at"),
    "events": _all(PLAIN, "id") | _all(WHO, "who about") | _all(TOLD, "at what before after why details"),
    "limits": _all(PLAIN, "window_start count") | _all(KEY, "key"),
    "guidelines": _all(PLAIN, "id created_at"),
    "guidelines_versions": _all(PLAIN, "id guidelines_id number body sha256 published_at material why")
    | _all(WHO, "published_by"),
    "guidelines_drafts": _all(PLAIN, "guidelines_id body revision saved_at") | _all(WHO, "saved_by"),
    "guidelines_asked": _all(WHO, "person_id") | _all(TOLD, "version_id asked_at"),
    "acceptances": _all(PLAIN, "id") | _all(WHO, "person_id") | _all(TOLD, "version_id sha256 accepted_at"),
    "circles": _all(
        PLAIN,
        "id name discreet_name purpose format place city address join_link zone capacity length_minutes currency "
        "minimum suggested maximum community_seats refund_hours late_refund_percent guidelines_id state version "
        "asks_co asks_card created_at",
    )
    | _all(WHO, "created_by"),
    "hosts": _all(WHO, "person_id") | _all(TOLD, "circle_id part"),
    "host_invitations": _all(PLAIN, "id")
    | _all(WHO, "invited_by answered_by")
    | _all(TOLD, "circle_id gathering_id email part state created_at expires_at ended_at")
    | _all(KEY, "token_hash"),
    "stand_ins": _all(WHO, "person_id added_by") | _all(TOLD, "gathering_id created_at"),
    "gatherings": _all(
        PLAIN,
        "id circle_id wall_start zone length_minutes starts_at ends_at capacity community_seats seats_map "
        "seats_taken community_taken note state cancel_reason version created_at schedule_id planned_for by_hand "
        "oddity join_link city address told opened_at checks closed_at",
    )
    | _all(WHO, "opened_by closed_by"),
    "schedules": _all(
        PLAIN,
        "id circle_id kind first_date every weekdays nth month_day dates until times skipped wall_time zone "
        "length_minutes capacity community_seats note join_link city address state version planted_until "
        "created_at",
    )
    | _all(WHO, "created_by"),
    "bookings": _all(WHO, "person_id")
    | _all(
        TOLD,
        "id gathering_id seat kind state amount currency scale_minimum scale_maximum refund_hours "
        "late_refund_percent acceptance_id held_until let_go_at created_at confirmed_at ended_at end_cause "
        "full_refund_until",
    ),
    "checkouts": _all(WHO, "booking_id")
    | _all(TOLD, "id amount currency state stripe_id payment_intent url expires_at looked_at created_at"),
    "operations": _all(WHO, "booking_id")
    | _all(
        TOLD,
        "id kind checkout_id idempotency_key amount request state stripe_id fault reason created_at called_at "
        "again_at tries done_at",
    ),
    "money_rows": _all(WHO, "booking_id") | _all(TOLD, "id at checkout_id kind amount currency stripe_id"),
    "stripe_events": _all(PLAIN, "id type object_id received_at"),
    "practice_objects": _all(PLAIN, "id kind body created_at"),
    "practice_keys": _all(PLAIN, "key request_sha256 status answer created_at"),
    "invites": _all(PLAIN, "id")
    | _all(WHO, "person_id")
    | _all(TOLD, "gathering_id uid sequence changed_at"),
    "sendings": _all(PLAIN, "id")
    | _all(WHO, "booking_id")
    | _all(TOLD, "invite_id method sequence facts sent_at"),
    "feeds": _all(WHO, "person_id") | _all(TOLD, "number created_at") | _all(KEY, "token_hash"),
    "attendance": _all(WHO, "booking_id marked_by") | _all(TOLD, "mark marked_at"),
    "taps": _all(PLAIN, "key") | _all(WHO, "booking_id who") | _all(TOLD, "mark tapped_at"),
    "hand_over_notes": _all(PLAIN, "id")
    | _all(WHO, "about written_by")
    | _all(TOLD, "circle_id gathering_id body written_at"),
    "exports": _all(PLAIN, "id row_count finished_at") | _all(WHO, "who") | _all(TOLD, "what at filters"),
    "reflections": _all(PLAIN, "gathering_id version")
    | _all(WHO, "changed_by")
    | _all(TOLD, "went_well carry_on changed_at"),
    "run_sheets": _all(PLAIN, "id circle_id gathering_id version changed_at") | _all(WHO, "changed_by"),
    "run_steps": _all(PLAIN, "sheet_id position title minutes words"),
    "messages": _all(PLAIN, "id gathering_id state mails")
    | _all(WHO, "written_by booking_id")
    | _all(TOLD, "body reply_to created_at sent_at"),
    "screenings": _all(PLAIN, "circle_id asks questions newcomers_most newcomers_days version"),
    "requests": _all(WHO, "person_id decided_by")
    | _all(TOLD, "id circle_id gathering_id kind state words created_at moved_at decided_at forgotten_at"),
    "request_answers": _all(WHO, "request_id") | _all(TOLD, "number question answer"),
    "apart": _all(HUSHED, "id circle_id first_id second_id set_by created_at"),
    "listings": _all(
        PLAIN,
        "id facets found_by search number version lowest_fee asked_at marked_at shown_at state hidden_because",
    )
    | _all(WHO, "person_id source_by")
    | _all(
        TOLD,
        "name letters pronouns headline approach experience works_with for_whom languages telehealth in_person "
        "city area zip latitude longitude currency fee_minimum fee_maximum sliding_floor pro_bono_places "
        "takes_insurance insurance_words gives_superbills free_consultation room room_confirmed_at "
        "answer_experience answer_training answer_medicine links email phone npi picture_hash source source_note "
        "came_at confirmed_at created_at changed_at hidden_words",
    ),
    "facet_blocks": _all(PLAIN, "facet block kind bits"),
    "stale_blocks": _all(PLAIN, "block"),
    "listing_pictures": _all(WHO, "listing_id") | _all(TOLD, "hash jpeg created_at"),
    "licences": _all(PLAIN, "id checked_at checked_against")
    | _all(WHO, "listing_id checked_by")
    | _all(TOLD, "kind area number status expires_on source"),
    "listing_ways": _all(WHO, "listing_id") | _all(TOLD, "way credential school year"),
    "complaints": _all(PLAIN, "id state decided_at forgotten_at")
    | _all(WHO, "listing_id person_id decided_by")
    | _all(TOLD, "body created_at"),
    "listing_imports": _all(PLAIN, "id headings matches notes starts_as state ended_at")
    | _all(WHO, "made_by")
    | _all(TOLD, "file_name created_at"),
    "listing_import_rows": _all(PLAIN, "import_id number outcome seen_version")
    | _all(WHO, "listing_id")
    | _all(TOLD, "cells says"),
    "short_lists": _all(WHO, "person_id") | _all(TOLD, "listing_id added_at"),
    "introductions": _all(PLAIN, "mail_id")
    | _all(WHO, "id person_id")
    | _all(
        TOLD,
        "listing_id listing_name state told call_name reach looking_for own_words created_at expires_at answered_at "
        "ended_at ended_because other_listing_id answer_words forgotten_at",
    )
    | _all(KEY, "token_hash"),
    "suggestions": _all(PLAIN, "id")
    | _all(WHO, "person_id made_by")
    | _all(TOLD, "listing_ids words created_at"),
    # listing_name, here and in introductions, is the name a therapist had in public when the member told them
    # something. It is the member's record of where their words went, so it goes with the member's account and stays
    # when the therapist's is erased; a therapist who was only suggested leaves no name behind.
    "accesses": _all(PLAIN, "id")
    | _all(WHO, "person_id who")
    | _all(TOLD, "at what listing_id listing_name details"),
    "circles_migrations": _all(PLAIN, "name sha256 applied_at"),
}
