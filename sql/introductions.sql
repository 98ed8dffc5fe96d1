-- What members ask of therapists, what is suggested to them, and their own log of it.

-- name: log_access(person, what, who, listing, details)!
-- one more line of somebodys own access log
insert into accesses (person_id, what, who, listing_id, details)
values (:person, :what, :who, :listing, :details::text []);

-- name: accesses(person, most, skip)
-- one page of somebodys own access log, newest first
select
    accesses.at, accesses.what, accesses.details, people.name as who_name, listings.name as listing_name,
    count(*) over () as total
from accesses
left join people on people.id = accesses.who
left join listings on listings.id = accesses.listing_id
where accesses.person_id = :person
order by accesses.at desc, accesses.id desc
limit :most offset :skip;
