-- Who published an offer follows an account that was joined to another; the rest of it never changes.

drop trigger pass_offers_append_only on pass_offers;
create trigger pass_offers_append_only before update or delete on pass_offers
for each row execute function refuse_change_but('published_by');
