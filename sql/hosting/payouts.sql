-- name: currencies_of(person_id)
-- the currencies of the circles that somebody leads
select distinct circles.currency
from hosts join circles on circles.id = hosts.circle_id
where hosts.person_id = :person_id and hosts.part = 'lead' and circles.state <> 'archived'
order by circles.currency;
