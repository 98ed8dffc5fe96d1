-- name: add(id, person, kind, code_hash, name, first, last, circle, names_said, kind_said, hours_said, gatherings, minutes, people, lines)$
-- a letter as it is made; nothing where this letter was made before
insert into letters (
    id, person_id, kind, code_hash, name, first_date, last_date, circle_id, names_said, kind_said, hours_said, gatherings,
    minutes, people, lines
)
values (
    :id, :person, :kind, :code_hash, :name, :first, :last, :circle, :names_said, :kind_said, :hours_said, :gatherings,
    :minutes, :people, :lines
)
on conflict (id) do nothing
returning id;

-- name: own(id, person)^
-- one letter of somebody's own
select * from letters where id = :id and person_id = :person;

-- name: own_letters(person, kind, most)
-- somebody's letters of one kind, the newest first
select id, first_date, last_date, gatherings, minutes, made_at from letters
where person_id = :person and kind = :kind
order by made_at desc, id desc
limit :most;

-- name: own_count(person)$
-- how many letters somebody has
select count(*) from letters where person_id = :person;

-- name: withdraw(id, person)$
-- a letter is deleted: its code says nothing any more
delete from letters where id = :id and person_id = :person returning kind;

-- name: check(code_hash)^
-- what a letter says, by its code, and what the register says by now for the same: never whose letter it is
select
    letters.id, letters.kind, letters.first_date, letters.last_date, letters.hours_said, letters.gatherings,
    letters.minutes, letters.people, letters.made_at,
    coalesce(present.gatherings, 0)::int as gatherings_now, coalesce(present.minutes, 0)::int as minutes_now,
    coalesce(present.people, 0)::int as people_now
from letters
cross join lateral letter_now(letters.id) as present
where letters.code_hash = :code_hash;

-- name: forget_old(age)!
-- letters that can be checked no longer
delete from letters where made_at < now() - :age::interval;
