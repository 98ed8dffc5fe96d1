-- What went back to somebody for a seat on a pass that was over already, minor units: the mail and the page of the seat say it.
alter table pass_uses add column returned integer not null default 0;
