-- Listings: the named queries of the directory room.

-- name: refresh_facets(ids)!
-- What listings can be found by, made anew from what they tell and from the licences that count today.
update listings as changed
set facets = made.facets
from (
    select
        listings.id,
        array_remove(
            array(
                select distinct each.facet
                from (
                    select unnest(
                        array[
                            case when listings.telehealth then 'tele:' || counting.area end,
                            case
                                when listings.in_person and counting.area = listings.area
                                    then 'at:' || counting.area
                            end,
                            case
                                when listings.telehealth or (listings.in_person and counting.area = listings.area)
                                    then 'in:' || counting.area
                            end
                        ]
                    ) as facet
                    from licences as counting
                    where
                        counting.listing_id = listings.id and counting.status = 'active'
                        and coalesce(counting.expires_on >= current_date, true)
                    union all
                    select unnest(
                        array[
                            'way:' || ways.way,
                            case when ways.credential <> '' then 'cred:' || ways.credential end
                        ]
                    )
                    from listing_ways as ways
                    where ways.listing_id = listings.id
                    union all
                    select 'with:' || unnest(listings.works_with)
                    union all
                    select 'for:' || unnest(listings.for_whom)
                    union all
                    select 'lang:' || unnest(listings.languages)
                    union all
                    select 'fee:' || steps.fee
                    from unnest(array[40, 60, 80, 100, 150, 200, 250, 300]) as steps (fee)
                    where listings.lowest_fee <= steps.fee * 100 and listings.currency = 'USD'
                    union all
                    select unnest(
                        array[
                            'room:' || listings.room,
                            case when listings.takes_insurance then 'pay:insurance' end,
                            case when listings.gives_superbills then 'pay:superbills' end,
                            case when listings.pro_bono_places > 0 then 'pay:pro_bono' end,
                            case when listings.free_consultation > 0 then 'pay:free_talk' end,
                            case when listings.sliding_floor is not null then 'pay:sliding' end,
                            case when listings.experience in ('some', 'over_10', 'over_50') then 'exp:some' end,
                            case when listings.experience in ('over_10', 'over_50') then 'exp:over_10' end,
                            case when listings.experience = 'over_50' then 'exp:over_50' end
                        ]
                    )
                ) as each
                where each.facet is not null
                order by each.facet
            ),
            null
        ) as facets
    from listings
    where listings.id = any(:ids::uuid [])
) as made
where changed.id = made.id and changed.facets <> made.facets;
