-- name: keep(token_hash, sealed, sign_in_hash)!
-- keep a form; whose it is says the sign-in that this browser had, though it ended or expired
insert into kept_forms (token_hash, sealed, person_id)
values (:token_hash, :sealed, (select person_id from sign_ins where token_hash = :sign_in_hash));

-- name: sign_in_of(token_hash)$
-- the sign-in that a browser had, though it ended or expired
select id from sign_ins where token_hash = :token_hash;

-- name: kept(token_hash)^
-- a kept form
select sealed, person_id from kept_forms
where token_hash = :token_hash and created_at > now() - interval '1 hour';

-- name: forget(token_hash)!
-- a kept form is not needed any more
delete from kept_forms where token_hash = :token_hash;

-- name: delete_old()!
-- forms kept for an hour
delete from kept_forms where created_at < now() - interval '1 hour';
