-- The directory: therapists' listings, what is checked of them, what members ask of them.

-- Letters without their accents, in small letters: how words are kept for finding and how they are asked for.
create function folded(words text) returns text
language sql immutable strict parallel safe
as $$ select lower(regexp_replace(normalize(words, nfkd), '[\u0300-\u036f]', '', 'g')) $$;

-- Words that somebody looks for: as they stand, for names, and by their stems.
create function looked_for(words text) returns tsquery
language sql immutable strict parallel safe
as $$
    select case when plain = stems then plain else plain || stems end
    from (select websearch_to_tsquery('simple', folded(words)) as plain,
        websearch_to_tsquery('english', folded(words)) as stems) as readings
$$;

-- What a therapist tells, one row a listing. person_id: whose own it is; null while no therapist has claimed it.
create table listings (
    id uuid primary key default gen_random_uuid(),
    person_id uuid references people (id) on delete set null,
    -- draft: being written; waiting: for an organizer's look; shown; hidden: why stands beside it.
    state text not null default 'draft',
    hidden_because text not null default '',
    name text not null,
    letters text not null default '',
    pronouns text not null default '',
    headline text not null default '',
    approach text not null default '',
    -- how many people they worked with on ketamine integration; empty: not said
    experience text not null default '',
    works_with text [] not null default '{}',
    for_whom text [] not null default '{}',
    languages text [] not null default '{en}',
    telehealth boolean not null default false,
    in_person boolean not null default false,
    city text not null default '',
    -- where the practice is: a US state by two letters, or a country by three ("FL", "GBR", "CAN-ON")
    area text not null default '',
    zip text not null default '',
    latitude double precision,
    longitude double precision,
    currency text not null default 'USD',
    fee_minimum integer not null,
    fee_maximum integer not null,
    sliding_floor integer,
    lowest_fee integer generated always as (least(coalesce(sliding_floor, fee_minimum), fee_minimum)) stored,
    pro_bono_places smallint not null default 0,
    takes_insurance boolean not null default false,
    insurance_words text not null default '',
    gives_superbills boolean not null default false,
    -- minutes of a first talk free of charge; 0: none
    free_consultation smallint not null default 0,
    -- room for new people: now, a waiting list, closed; and since when that is known
    room text not null default 'now',
    room_confirmed_at timestamptz not null default now(),
    -- own answers to the three questions people are told to ask
    answer_experience text not null default '',
    answer_training text not null default '',
    answer_medicine text not null default '',
    links text [] not null default '{}',
    -- where introductions go; never shown
    email text not null default '',
    phone text not null default '',
    npi text not null default '',
    picture_hash text,
    -- where the listing came from, and when
    source text not null,
    source_note text not null default '',
    source_by uuid references people (id) on delete set null,
    came_at timestamptz not null default now(),
    -- when somebody last said that all of it still holds; when they were asked; when it was marked as not confirmed
    confirmed_at timestamptz not null default now(),
    asked_at timestamptz,
    marked_at timestamptz,
    shown_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    -- what the listing can be found by; facets follow the licences and ways too and are written with them
    facets text [] not null default '{}',
    -- in words: its place, ways of working, credentials, what it works with; made from them when they are written
    found_by text not null default '',
    search tsvector generated always as (
        setweight(to_tsvector('simple', folded(name)) || to_tsvector('english', folded(name)), 'A')
        || setweight(to_tsvector('english', folded(city || ' ' || headline || ' ' || found_by)), 'B')
        || setweight(to_tsvector('english', folded(approach)), 'C')
    ) stored,
    -- counted up; the place of its mark in every facet block
    number integer generated always as identity,
    constraint listing_state_known check (state in ('draft', 'waiting', 'shown', 'hidden')),
    constraint listing_hidden_says_why check (
        (state = 'hidden') = (hidden_because <> '')
        and hidden_because in ('', 'complaint', 'unconfirmed', 'licence', 'organizer', 'therapist')
    ),
    constraint listing_name_length check (char_length(name) between 1 and 80),
    constraint listing_letters_length check (char_length(letters) <= 60),
    constraint listing_pronouns_length check (char_length(pronouns) <= 40),
    constraint listing_headline_length check (char_length(headline) <= 160),
    constraint listing_approach_length check (char_length(approach) <= 4000),
    constraint listing_experience_known check (experience in ('', 'none', 'some', 'over_10', 'over_50')),
    constraint listing_lists_short check (
        cardinality(works_with) <= 20 and cardinality(for_whom) <= 10
        and cardinality(languages) between 1 and 12 and cardinality(links) <= 5
    ),
    constraint listing_met_somewhere check (state in ('draft', 'hidden') or telehealth or in_person),
    constraint listing_city_length check (char_length(city) <= 80),
    constraint listing_area_shape check (area = '' or area ~ '^([A-Z]{2}|[A-Z]{3}(-[A-Z]{2})?)$'),
    constraint listing_zip_shape check (zip = '' or zip ~ '^[0-9]{5}$'),
    constraint listing_point_whole check (
        (latitude is null) = (longitude is null)
        and coalesce(latitude between -90 and 90 and longitude between -180 and 180, true)
    ),
    constraint listing_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint listing_fees_ordered check (
        fee_minimum between 0 and 1000000 and fee_maximum between fee_minimum and 1000000
    ),
    constraint listing_floor_below check (sliding_floor between 0 and fee_minimum),
    constraint listing_pro_bono_sane check (pro_bono_places between 0 and 99),
    constraint listing_insurance_words_length check (char_length(insurance_words) <= 200),
    constraint listing_consultation_sane check (free_consultation between 0 and 120),
    constraint listing_room_known check (room in ('now', 'waiting', 'closed')),
    constraint listing_answers_length check (
        char_length(answer_experience) <= 600 and char_length(answer_training) <= 600
        and char_length(answer_medicine) <= 600
    ),
    constraint listing_email_shape check (
        email = '' or (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$')
    ),
    constraint listing_phone_length check (char_length(phone) <= 40),
    constraint listing_npi_shape check (npi = '' or npi ~ '^[12][0-9]{9}$'),
    constraint listing_source_known check (source in ('applied', 'organizer', 'import')),
    constraint listing_source_note_length check (char_length(source_note) <= 200),
    constraint listing_marked_was_asked check (marked_at is null or asked_at is not null)
);
create unique index listing_person_once on listings (person_id) where person_id is not null;
create unique index listing_npi_once on listings (npi) where npi <> '';
create unique index listing_number_once on listings (number);
create index listings_block on listings ((number / 4096)) where state = 'shown';
create index listings_search on listings using gin (search) where state = 'shown';
create index listings_point on listings (latitude, longitude) where state = 'shown' and in_person;
create index listings_fee on listings (lowest_fee) include (number) where state = 'shown' and currency = 'USD';
create index listings_state on listings (state, came_at);
create index listings_confirmed on listings (confirmed_at) where state = 'shown';
create index listings_source_by on listings (source_by);
-- a row of a file finds its listing by the name and a licence
create index listings_folded_name on listings (folded(name));

-- Who is found by a facet, as one bit a listing and 4,096 listings a row, so that counting is adding up rows of bits:
-- the bit at (number modulo 4096) of the block (number / 4096). The facet "all" marks everybody who is shown.
create table facet_blocks (
    facet text not null,
    block integer not null,
    -- which choice of the search the facet belongs to
    kind text not null generated always as (
        case when facet ~ '^(in|tele|at):' then 'where' else split_part(facet, ':', 1) end
    ) stored,
    bits bit(4096) not null,
    primary key (facet, block)
);

-- Blocks that the transaction at work must make anew before it ends; empty whenever none is at work.
create table stale_blocks (block integer not null);
create index stale_blocks_block on stale_blocks (block);

create function note_stale_block() returns trigger
language plpgsql
as $$
declare
    touched integer := coalesce(new.number, old.number) / 4096;
begin
    insert into stale_blocks (block)
    select touched where not exists (select from stale_blocks where stale_blocks.block = touched);
    return null;
end
$$;
create trigger listing_comes after insert on listings
for each row when (new.state = 'shown') execute function note_stale_block();
create trigger listing_goes after delete on listings
for each row when (old.state = 'shown') execute function note_stale_block();
create trigger listing_changes after update on listings
for each row when (
    (old.state = 'shown' or new.state = 'shown')
    and (old.state is distinct from new.state or old.facets is distinct from new.facets)
) execute function note_stale_block();

-- At the end of a transaction, one after another, so that each sees what the one before wrote.
create function renew_stale_blocks() returns trigger
language plpgsql
as $$
declare
    stale integer [];
begin
    perform pg_advisory_xact_lock(hashtextextended('facet_blocks', 0));
    with gone as (delete from stale_blocks returning stale_blocks.block)
    select array_agg(distinct gone.block) into stale from gone;
    if stale is null then
        return null;
    end if;
    with made as (
        select each.facet, listings.number / 4096 as block,
            bit_or(set_bit(0::bit(4096), listings.number % 4096, 1)) as bits
        from listings cross join lateral unnest(listings.facets || array['all']) as each (facet)
        where
            listings.state = 'shown'
            and listings.number / 4096 = any(stale)
        group by each.facet, listings.number / 4096
    ), put as (
        insert into facet_blocks (facet, block, bits)
        select made.facet, made.block, made.bits from made
        on conflict (facet, block) do update set bits = excluded.bits where facet_blocks.bits <> excluded.bits
    )
    delete from facet_blocks
    where
        facet_blocks.block = any(stale)
        and not exists (
            select from made where made.facet = facet_blocks.facet and made.block = facet_blocks.block
        );
    return null;
end
$$;
create constraint trigger stale_block_comes after insert on stale_blocks
deferrable initially deferred
for each row execute function renew_stale_blocks();

-- A therapist's pictures live apart from people's, since a listing may have no account.
create table listing_pictures (
    hash text primary key,
    listing_id uuid not null references listings (id) on delete cascade,
    jpeg bytea not null,
    created_at timestamptz not null default now(),
    constraint listing_picture_hash_shape check (hash ~ '^[0-9a-f]{32}$'),
    constraint listing_picture_small check (octet_length(jpeg) <= 500000)
);
create unique index listing_picture_once on listing_pictures (listing_id);

-- One licence; it counts while its status is active and it has not expired.
create table licences (
    id uuid primary key default gen_random_uuid(),
    listing_id uuid not null references listings (id) on delete cascade,
    kind text not null,
    area text not null,
    number text not null,
    status text not null default 'active',
    expires_on date,
    -- where it can be looked up
    source text not null default '',
    checked_at timestamptz,
    checked_by uuid references people (id) on delete set null,
    checked_against text not null default '',
    constraint licence_kind_length check (char_length(kind) between 1 and 40),
    constraint licence_area_shape check (area ~ '^([A-Z]{2}|[A-Z]{3}(-[A-Z]{2})?)$'),
    constraint licence_number_length check (char_length(number) between 1 and 40),
    constraint licence_status_known check (status in ('active', 'restricted', 'inactive')),
    constraint licence_checked_against_length check (
        char_length(checked_against) <= 300 and char_length(source) <= 300
    )
);
create unique index licence_once on licences (listing_id, kind, area, number);
create index licences_expiry on licences (expires_on);
create index licences_checked_by on licences (checked_by);

-- One way of working, with the credential behind it in that school's own terms.
create table listing_ways (
    listing_id uuid not null references listings (id) on delete cascade,
    way text not null,
    credential text not null default '',
    -- where they trained, or what the way is called when it is none of the list
    school text not null default '',
    year smallint,
    primary key (listing_id, way),
    constraint way_length check (char_length(way) between 1 and 40),
    constraint way_credential_length check (char_length(credential) <= 40),
    constraint way_school_length check (char_length(school) <= 120),
    constraint way_year_sane check (year between 1950 and 2100)
);

-- Somebody says that something is wrong with a listing. Read by organizers alone.
create table complaints (
    id uuid primary key default gen_random_uuid(),
    listing_id uuid not null references listings (id) on delete cascade,
    person_id uuid references people (id) on delete set null,
    body text not null,
    state text not null default 'open',
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by uuid references people (id) on delete set null,
    constraint complaint_length check (char_length(body) between 1 and 2000),
    constraint complaint_state_known check (state in ('open', 'hidden', 'kept')),
    constraint complaint_decided check ((state = 'open') = (decided_at is null))
);
create index complaints_listing on complaints (listing_id);
create index complaints_open on complaints (created_at) where state = 'open';
create index complaints_person on complaints (person_id);
create index complaints_decided_by on complaints (decided_by);

-- A file of listings on its way in. Nothing of it is a listing before somebody confirms the preview.
create table listing_imports (
    id uuid primary key default gen_random_uuid(),
    made_by uuid references people (id) on delete set null,
    file_name text not null,
    -- the file's headings in their order, and which of them fills which field
    headings text [] not null,
    matches jsonb not null default '{}',
    -- what was found while reading it: which cells hold formulas, and the like
    notes jsonb not null default '{}',
    -- what new listings begin as
    starts_as text not null default 'waiting',
    state text not null default 'matching',
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint import_file_name_length check (char_length(file_name) between 1 and 200),
    constraint import_headings_few check (cardinality(headings) between 1 and 100),
    constraint import_state_known check (
        state in ('matching', 'preview', 'writing', 'done', 'dropped')
    ),
    constraint import_starts_as_known check (starts_as in ('waiting', 'shown')),
    constraint import_ended check ((state in ('done', 'dropped')) = (ended_at is not null))
);
create index listing_imports_created on listing_imports (created_at desc);
create index listing_imports_made_by on listing_imports (made_by);

create table listing_import_rows (
    import_id uuid not null references listing_imports (id) on delete cascade,
    number integer not null,
    cells text [] not null,
    outcome text not null default '',
    -- what is refused and why, or what changes, as lines for people
    says jsonb not null default '[]',
    listing_id uuid references listings (id) on delete set null,
    seen_version integer,
    primary key (import_id, number),
    constraint import_row_outcome_known check (outcome in ('', 'new', 'changed', 'same', 'refused', 'written'))
);
create index listing_import_rows_listing on listing_import_rows (listing_id);

-- The listings somebody asked us to remember for them.
create table short_lists (
    person_id uuid not null references people (id) on delete cascade,
    listing_id uuid not null references listings (id) on delete cascade,
    added_at timestamptz not null default now(),
    primary key (person_id, listing_id)
);
create index short_lists_listing on short_lists (listing_id);

-- A member's wish to be introduced, and exactly what they chose to tell. The words go after 30 days at the latest;
-- what kinds of things were told stays, for the member alone.
create table introductions (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    listing_id uuid not null references listings (id) on delete cascade,
    state text not null default 'asked',
    told text [] not null,
    call_name text not null default '',
    reach text not null default '',
    looking_for text not null default '',
    own_words text not null default '',
    token_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    -- somebody else to try, when it is not a fit: from the directory, or in words
    other_listing_id uuid references listings (id) on delete set null,
    answer_words text not null default '',
    -- the mail that told it; it goes when the words go
    mail_id uuid references mails (id) on delete set null,
    forgotten_at timestamptz,
    constraint introduction_state_known check (
        state in ('asked', 'accepted', 'full', 'not_a_fit', 'withdrawn', 'ended', 'expired')
    ),
    constraint introduction_told_known check (
        told <@ array['call_name', 'reach', 'looking_for', 'circle', 'own_words'] and cardinality(told) >= 1
    ),
    constraint introduction_words_length check (
        char_length(call_name) <= 80 and char_length(reach) <= 200 and char_length(looking_for) <= 600
        and char_length(own_words) <= 1500 and char_length(answer_words) <= 600
    ),
    constraint introduction_expires_soon check (expires_at <= created_at + interval '30 days'),
    constraint introduction_told_only_ticked check (
        (call_name = '' or 'call_name' = any(told)) and (reach = '' or 'reach' = any(told))
        and (looking_for = '' or 'looking_for' = any(told)) and (own_words = '' or 'own_words' = any(told))
    ),
    constraint introduction_over_says_nothing check (
        (forgotten_at is null and state not in ('withdrawn', 'ended', 'expired'))
        or (call_name = '' and reach = '' and looking_for = '' and own_words = '' and answer_words = '')
    ),
    constraint introduction_forgotten_whole check (
        forgotten_at is null or (token_hash is null and other_listing_id is null and state <> 'asked')
    )
);
-- open: asked or accepted, and its words still here
create unique index introduction_open_once on introductions (person_id, listing_id)
where state in ('asked', 'accepted') and forgotten_at is null;
create unique index introduction_token_once on introductions (token_hash);
create index introductions_person on introductions (person_id, created_at desc);
create index introductions_listing on introductions (listing_id);
create index introductions_other on introductions (other_listing_id);
create index introductions_mail on introductions (mail_id);
create index introductions_expiry on introductions (expires_at) where forgotten_at is null;

-- A facilitator's private hint to one member: the directory, or up to three listings of it. Whoever puts it away
-- deletes it: nothing is kept of whether or when it was read.
create table suggestions (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    made_by uuid references people (id) on delete set null,
    listing_ids uuid [] not null default '{}',
    words text not null default '',
    created_at timestamptz not null default now(),
    constraint suggestion_listings_few check (cardinality(listing_ids) <= 3),
    constraint suggestion_words_length check (char_length(words) <= 600)
);
create index suggestions_person on suggestions (person_id, created_at desc);
create index suggestions_made_by on suggestions (made_by);
create index suggestions_created on suggestions (created_at);

-- A member's own access log: who was told or saw what of theirs, when. Only ever added to.
create table accesses (
    id bigint generated always as identity primary key,
    person_id uuid not null references people (id) on delete cascade,
    at timestamptz not null default now(),
    what text not null,
    who uuid references people (id) on delete set null,
    listing_id uuid references listings (id) on delete set null,
    details text [] not null default '{}',
    constraint access_what_length check (char_length(what) between 1 and 60)
);
create index accesses_person on accesses (person_id, at desc);
create index accesses_who on accesses (who);
create index accesses_listing on accesses (listing_id);
