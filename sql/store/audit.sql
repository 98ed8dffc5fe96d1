-- name: record(what, about, who, before, after, why, details)!
-- one append-only event row
insert into events (what, about, who, before, after, why, details)
values (:what, :about, :who, :before, :after, :why, :details);
