-- Names in their order and as they are searched: without accents, in one case, with Latin letters for those of other
-- alphabets. It is the same on every database: no collation and no extension has a part in it.

-- Letters without their accents, in small letters: how words are kept for finding and how they are asked for. It left
-- what Unicode does not decompose (ł, ø, ß) and other alphabets as they were; now they become Latin letters, as the
-- library anyascii writes them. The table is made with circles/base/names.py, and a test compares the two.
create or replace function folded(words text) returns text
language sql immutable strict parallel safe
as $$
    select case when plain ~ '[^\u0001-\u007f]'
        then (
            select coalesce(string_agg(coalesce('{
            "Æ":"ae","Ð":"d","Ø":"o","Þ":"th","ß":"ss","æ":"ae","ð":"d","ø":"o","þ":"th","Đ":"d","đ":"d","Ħ":"h",
            "ħ":"h","ı":"i","ĸ":"q","Ł":"l","ł":"l","Ŋ":"ng","ŋ":"ng","Œ":"oe","œ":"oe","Ŧ":"t","ŧ":"t","ƀ":"b",
            "Ɓ":"b","Ƃ":"b","ƃ":"b","Ƅ":"6","ƅ":"6","Ɔ":"o","Ƈ":"c","ƈ":"c","Ɖ":"d","Ɗ":"d","Ƌ":"d","ƌ":"d","ƍ":"z",
            "Ǝ":"e","Ə":"e","Ɛ":"e","Ƒ":"f","ƒ":"f","Ɠ":"g","Ɣ":"g","ƕ":"hw","Ɩ":"i","Ɨ":"i","Ƙ":"k","ƙ":"k","ƚ":"l",
            "ƛ":"l","Ɯ":"w","Ɲ":"n","ƞ":"n","Ɵ":"o","Ƣ":"gh","ƣ":"gh","Ƥ":"p","ƥ":"p","Ʀ":"r","Ƨ":"2","ƨ":"2",
            "Ʃ":"sh","ƪ":"sh","ƫ":"t","Ƭ":"t","ƭ":"t","Ʈ":"t","Ʊ":"u","Ʋ":"v","Ƴ":"y","ƴ":"y","Ƶ":"z","ƶ":"z",
            "Ʒ":"zh","ƺ":"zh","ƻ":"dz","Ƽ":"5","ƽ":"5","ƾ":"ts","ƿ":"w","ǀ":"c","ǁ":"x","ǂ":"qc","ǃ":"q","ǝ":"e",
            "Ǥ":"g","ǥ":"g","Ƕ":"hw","Ƿ":"w","Ȝ":"y","ȝ":"y","Ƞ":"n","ȡ":"d","Ȣ":"ou","ȣ":"ou","Ȥ":"z","ȥ":"z",
            "ȴ":"l","ȵ":"n","ȶ":"t","ȷ":"j","ȸ":"db","ȹ":"qp","Ⱥ":"a","Ȼ":"c","ȼ":"c","Ƚ":"l","Ⱦ":"t","ȿ":"s","ɀ":"z",
            "Ƀ":"b","Ʉ":"u","Ʌ":"a","Ɇ":"e","ɇ":"e","Ɉ":"j","ɉ":"j","Ɋ":"q","ɋ":"q","Ɍ":"r","ɍ":"r","Ɏ":"y","ɏ":"y",
            "ɐ":"a","ɑ":"a","ɒ":"a","ɓ":"b","ɔ":"o","ɕ":"c","ɖ":"d","ɗ":"d","ɘ":"e","ə":"e","ɚ":"er","ɛ":"e","ɜ":"e",
            "ɝ":"er","ɞ":"o","ɟ":"j","ɠ":"g","ɡ":"g","ɢ":"g","ɣ":"g","ɤ":"u","ɥ":"y","ɦ":"h","ɧ":"h","ɨ":"i","ɩ":"i",
            "ɪ":"i","ɫ":"l","ɬ":"l","ɭ":"l","ɮ":"lzh","ɯ":"w","ɰ":"w","ɱ":"m","ɲ":"n","ɳ":"n","ɴ":"n","ɵ":"o",
            "ɶ":"oe","ɷ":"u","ɸ":"f","ɹ":"r","ɺ":"r","ɻ":"r","ɼ":"r","ɽ":"r","ɾ":"r","ɿ":"i","ʀ":"r","ʁ":"r","ʂ":"s",
            "ʃ":"sh","ʄ":"j","ʅ":"i","ʆ":"sh","ʇ":"t","ʈ":"t","ʉ":"u","ʊ":"u","ʋ":"v","ʌ":"a","ʍ":"w","ʎ":"y","ʏ":"y",
            "ʐ":"z","ʑ":"z","ʒ":"zh","ʓ":"zh","ʖ":"x","ʗ":"q","ʘ":"pc","ʙ":"b","ʚ":"oe","ʛ":"g","ʜ":"h","ʝ":"j",
            "ʞ":"k","ʟ":"l","ʠ":"q","ʣ":"dz","ʤ":"dzh","ʥ":"dz","ʦ":"ts","ʧ":"tsh","ʨ":"tc","ʩ":"fng","ʪ":"ls",
            "ʫ":"lz","ʬ":"ww","ʮ":"y","ʯ":"y","Ͱ":"h","ͱ":"h","Ͳ":"s","ͳ":"s","Ͷ":"w","ͷ":"w","ͻ":"s","ͼ":"s","ͽ":"s",
            "Ϳ":"j","Α":"a","Β":"v","Γ":"g","Δ":"d","Ε":"e","Ζ":"z","Η":"i","Θ":"th","Ι":"i","Κ":"k","Λ":"l","Μ":"m",
            "Ν":"n","Ξ":"x","Ο":"o","Π":"p","Ρ":"r","Σ":"s","Τ":"t","Υ":"y","Φ":"f","Χ":"ch","Ψ":"ps","Ω":"o","α":"a",
            "β":"v","γ":"g","δ":"d","ε":"e","ζ":"z","η":"i","θ":"th","ι":"i","κ":"k","λ":"l","μ":"m","ν":"n","ξ":"x",
            "ο":"o","π":"p","ρ":"r","ς":"s","σ":"s","τ":"t","υ":"y","φ":"f","χ":"ch","ψ":"ps","ω":"o","Ϙ":"q","ϙ":"q",
            "Ϛ":"st","ϛ":"st","Ϝ":"w","ϝ":"w","Ϟ":"q","ϟ":"q","Ϡ":"s","ϡ":"s","Ϣ":"sh","ϣ":"sh","Ϥ":"f","ϥ":"f",
            "Ϧ":"x","ϧ":"x","Ϩ":"h","ϩ":"h","Ϫ":"j","ϫ":"j","Ϭ":"c","ϭ":"c","Ϯ":"ti","ϯ":"ti","ϳ":"j","Ϸ":"sh",
            "ϸ":"sh","Ϻ":"s","ϻ":"s","ϼ":"r","Ͻ":"s","Ͼ":"s","Ͽ":"s","Ђ":"dj","Є":"ie","Ѕ":"dz","І":"i","Ј":"j",
            "Љ":"lj","Њ":"nj","Ћ":"c","Џ":"dzh","А":"a","Б":"b","В":"v","Г":"g","Д":"d","Е":"e","Ж":"zh","З":"z",
            "И":"i","К":"k","Л":"l","М":"m","Н":"n","О":"o","П":"p","Р":"r","С":"s","Т":"t","У":"u","Ф":"f","Х":"kh",
            "Ц":"ts","Ч":"ch","Ш":"sh","Щ":"shch","Ъ":"","Ы":"y","Ь":"","Э":"e","Ю":"yu","Я":"ya","а":"a","б":"b",
            "в":"v","г":"g","д":"d","е":"e","ж":"zh","з":"z","и":"i","к":"k","л":"l","м":"m","н":"n","о":"o","п":"p",
            "р":"r","с":"s","т":"t","у":"u","ф":"f","х":"kh","ц":"ts","ч":"ch","ш":"sh","щ":"shch","ъ":"","ы":"y",
            "ь":"","э":"e","ю":"yu","я":"ya","ђ":"dj","є":"ie","ѕ":"dz","і":"i","ј":"j","љ":"lj","њ":"nj","ћ":"c",
            "џ":"dzh","Ѡ":"o","ѡ":"o","Ѣ":"e","ѣ":"e","Ѥ":"ie","ѥ":"ie","Ѧ":"e","ѧ":"e","Ѩ":"ie","ѩ":"ie","Ѫ":"o",
            "ѫ":"o","Ѭ":"io","ѭ":"io","Ѯ":"ks","ѯ":"ks","Ѱ":"ps","ѱ":"ps","Ѳ":"f","ѳ":"f","Ѵ":"y","ѵ":"y","Ѹ":"u",
            "ѹ":"u","Ѻ":"o","ѻ":"o","Ѽ":"o","ѽ":"o","Ѿ":"ot","ѿ":"ot","Ҁ":"q","ҁ":"q","Ҋ":"jh","ҋ":"jh","Ҏ":"rh",
            "ҏ":"rh","Ґ":"g","ґ":"g","Ғ":"gh","ғ":"gh","Ҕ":"gh","ҕ":"gh","Җ":"j","җ":"j","Ҙ":"z","ҙ":"z","Қ":"q",
            "қ":"q","Ҝ":"g","ҝ":"g","Ҟ":"q","ҟ":"q","Ҡ":"q","ҡ":"q","Ң":"ng","ң":"ng","Ҥ":"ng","ҥ":"ng","Ҧ":"ph",
            "ҧ":"ph","Ҩ":"w","ҩ":"w","Ҫ":"s","ҫ":"s","Ҭ":"th","ҭ":"th","Ү":"u","ү":"u","Ұ":"u","ұ":"u","Ҳ":"h",
            "ҳ":"h","Ҵ":"ts","ҵ":"ts","Ҷ":"j","ҷ":"j","Ҹ":"c","ҹ":"c","Һ":"h","һ":"h","Ҽ":"ch","ҽ":"ch","Ҿ":"ch",
            "ҿ":"ch","Ӏ":"h","Ӄ":"q","ӄ":"q","Ӆ":"lh","ӆ":"lh","Ӈ":"ng","ӈ":"ng","Ӊ":"nh","ӊ":"nh","Ӌ":"dzh",
            "ӌ":"dzh","Ӎ":"mh","ӎ":"mh","ӏ":"h","Ӕ":"ae","ӕ":"ae","Ә":"a","ә":"a","Ӡ":"dz","ӡ":"dz","Ө":"o","ө":"o",
            "Ӷ":"gh","ӷ":"gh","Ӻ":"xh","ӻ":"xh","Ӽ":"x","ӽ":"x","Ӿ":"h","ӿ":"h","Ա":"a","Բ":"b","Գ":"g","Դ":"d",
            "Ե":"e","Զ":"z","Է":"e","Ը":"y","Թ":"t","Ժ":"zh","Ի":"i","Լ":"l","Խ":"kh","Ծ":"ts","Կ":"k","Հ":"h",
            "Ձ":"dz","Ղ":"gh","Ճ":"ch","Մ":"m","Յ":"y","Ն":"n","Շ":"sh","Ո":"o","Չ":"ch","Պ":"p","Ջ":"j","Ռ":"rr",
            "Ս":"s","Վ":"v","Տ":"t","Ր":"r","Ց":"ts","Ւ":"w","Փ":"p","Ք":"k","Օ":"o","Ֆ":"f","ՠ":"a","ա":"a","բ":"b",
            "գ":"g","դ":"d","ե":"e","զ":"z","է":"e","ը":"y","թ":"t","ժ":"zh","ի":"i","լ":"l","խ":"kh","ծ":"ts",
            "կ":"k","հ":"h","ձ":"dz","ղ":"gh","ճ":"ch","մ":"m","յ":"y","ն":"n","շ":"sh","ո":"o","չ":"ch","պ":"p",
            "ջ":"j","ռ":"rr","ս":"s","վ":"v","տ":"t","ր":"r","ց":"ts","ւ":"w","փ":"p","ք":"k","օ":"o","ֆ":"f","Ⴀ":"a",
            "Ⴁ":"b","Ⴂ":"g","Ⴃ":"d","Ⴄ":"e","Ⴅ":"v","Ⴆ":"z","Ⴇ":"t","Ⴈ":"i","Ⴉ":"k","Ⴊ":"l","Ⴋ":"m","Ⴌ":"n","Ⴍ":"o",
            "Ⴎ":"p","Ⴏ":"zh","Ⴐ":"r","Ⴑ":"s","Ⴒ":"t","Ⴓ":"u","Ⴔ":"p","Ⴕ":"k","Ⴖ":"gh","Ⴗ":"q","Ⴘ":"sh","Ⴙ":"ch",
            "Ⴚ":"ts","Ⴛ":"dz","Ⴜ":"ts","Ⴝ":"ch","Ⴞ":"kh","Ⴟ":"j","Ⴠ":"h","Ⴡ":"e","Ⴢ":"y","Ⴣ":"w","Ⴤ":"x","Ⴥ":"o",
            "Ⴧ":"e","Ⴭ":"ae","ა":"a","ბ":"b","გ":"g","დ":"d","ე":"e","ვ":"v","ზ":"z","თ":"t","ი":"i","კ":"k","ლ":"l",
            "მ":"m","ნ":"n","ო":"o","პ":"p","ჟ":"zh","რ":"r","ს":"s","ტ":"t","უ":"u","ფ":"p","ქ":"k","ღ":"gh","ყ":"q",
            "შ":"sh","ჩ":"ch","ც":"ts","ძ":"dz","წ":"ts","ჭ":"ch","ხ":"kh","ჯ":"j","ჰ":"h","ჱ":"e","ჲ":"y","ჳ":"w",
            "ჴ":"x","ჵ":"o","ჶ":"f","ჷ":"e","ჹ":"g","ჽ":"ae","ჿ":"w","ẜ":"s","ẝ":"s","ẞ":"ss","ẟ":"d","Ỻ":"ll",
            "ỻ":"ll","Ỽ":"v","ỽ":"v","Ỿ":"y","ỿ":"y"
            }'::jsonb ->> letters.letter, lower(letters.letter collate "C")), '' order by letters.place), '')
            from string_to_table(plain, null) with ordinality as letters (letter, place)
        )
        else lower(plain collate "C")
    end
    from (select regexp_replace(normalize(words, nfkd), '[\u0300-\u036f]', '', 'g') as plain) as without_accents
$$;

-- What a name is sorted and found by: folded, apostrophes left out, other punctuation as one space.
create function name_key(name text) returns text
language sql immutable strict parallel safe
as $$
    select trim(regexp_replace(
        regexp_replace(folded(name), '[''`´‘’‛′.\u02b0-\u02ff]', '', 'g'),
        '[\u0001-/:-@\[-`{-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'
    ))
$$;

-- Whether a typed part of a name is in one, given by its key. A part of signs alone is in none.
create function has_name(key text, typed text) returns boolean
language sql immutable parallel safe
as $$ select name_key(typed) <> '' and strpos(key, name_key(typed)) > 0 $$;

-- Words as a query of listings.search: every word the beginning of one in a name (weight A). Null for no words.
create function name_query(terms text []) returns tsquery
language sql immutable parallel safe
as $$
    select to_tsquery('simple', string_agg(word || ':*A', ' & '))
    from unnest(terms) as term cross join lateral replace(name_key(term), ' ', '') as word
    where word <> ''
$$;

-- The database writes the keys, so a name changed by whatever release has the right one. Sorted by code point.
-- squawk-ignore adding-field-with-default
alter table people add column name_key text collate "C" generated always as (name_key(name)) stored;
-- squawk-ignore adding-field-with-default
alter table circles add column name_key text collate "C" generated always as (name_key(name)) stored;
-- squawk-ignore adding-field-with-default
alter table listings add column name_key text collate "C" generated always as (name_key(name)) stored;
-- squawk-ignore require-concurrent-index-creation
create index people_name_key on people (name_key, email);
-- squawk-ignore require-concurrent-index-creation
create index listings_name_key on listings (name_key, id);

-- What was made with the function as it was.
update listings set name = name
where name || city || headline || found_by || approach ~ '[^\u0001-\u007f]';
-- squawk-ignore require-concurrent-reindex
reindex index listings_folded_name;

-- Hosts by name, on cards and wherever mail did not reach.
create or replace view gathering_cards as
select
    gatherings.id, circles.name as circle_name, gatherings.starts_at, gatherings.zone,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.state,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city, circles.format,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    coalesce(
        (
            select array[people.name] from stand_ins join people on people.id = stand_ins.person_id
            where stand_ins.gathering_id = gatherings.id
        ),
        array(
            select people.name from hosts join people on people.id = hosts.person_id
            where hosts.circle_id = circles.id and hosts.part <> 'helper'
            order by hosts.part = 'lead' desc, people.name_key
        )
    ) as host_names,
    gatherings.wall_start
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and circles.state = 'published';

create or replace function undelivered(about_id uuid) returns table (failed text [], waits text [])
language sql stable parallel safe as $$
    select
        coalesce(array_agg(people.name order by people.name_key) filter (where mails.state <> 'waiting'), '{}'),
        coalesce(array_agg(people.name order by people.name_key) filter (where mails.state = 'waiting'), '{}')
    from mails join people on people.id = mails.person_id
    where mails.about = about_id
        and (
            mails.state in ('refused', 'expired')
            or (mails.state = 'waiting' and mails.created_at < now() - interval '15 minutes')
        )
$$;
