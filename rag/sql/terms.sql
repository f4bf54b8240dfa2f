-- The terms of a text: what is counted when a document is read and looked up when a question is asked.

-- The text with nothing in it that would tear a word apart or hold two together. What is written with signs inside
-- stands there also as one word, at the end: `AZ 12-345/2024` is found by its whole and by its numbers, `E-Mail` by
-- `Email`. A number has no signs between its thousands.
CREATE FUNCTION rag_words(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(plain, '[-/_:@§#&+=~|\\<>()\[\]{}"„“”»«*]|(?<=[[:alpha:]])\.(?=[[:alpha:]])', ' ', 'g')
        || coalesce((
            SELECT ' ' || string_agg(regexp_replace(found[1], '[^[:alnum:]]', '', 'g'), ' ')
            FROM regexp_matches(plain, '[[:alnum:]]+(?:[-/_:@.][[:alnum:]]+)+', 'g') found
            WHERE found[1] !~ '^\d+\.\d+$'
        ), '')
    FROM (SELECT regexp_replace(text, '(?<=\d)[.,''’](?=\d{3}(?!\d))', '', 'g') AS plain) numbers
$$;

-- A lexeme without accents, and without the endings that German's own stemmer leaves (`restauri`, `restauriert`).
CREATE FUNCTION rag_term(config text, lexeme text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN config = 'german'
        THEN regexp_replace(folded, '^(.{4,}?)(?:em|er|nd|e|(?<!t)t|(?<!s)s|(?<!n)n)+$', '\1') ELSE folded END
    FROM (SELECT CASE WHEN lexeme ~ '^[ -~]*$' THEN lexeme ELSE normalize(
        regexp_replace(normalize(replace(lexeme, 'ß', 'ss'), NFKD), '(?<=[a-z])[\u0300-\u036f]+', '', 'g'), NFC
    ) END) latin (letters),
        LATERAL (SELECT CASE WHEN config = 'german' AND letters <> lexeme
            THEN coalesce((ts_lexize('german_stem', letters))[1], letters) ELSE letters END) stemmed (folded)
$$;

-- Where the language is not known, words that mean nothing in German or English mean nothing.
CREATE FUNCTION rag_terms(config text, text text) RETURNS TABLE (lexeme text, term text, frequency int)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT word.lexeme, rag_term(config, word.lexeme), cardinality(word.positions)
    FROM unnest(to_tsvector(config::regconfig, rag_words(text))) word
    WHERE length(word.lexeme) <= 255 AND (config <> 'simple' OR (
        ts_lexize('english_stem', word.lexeme) <> '{}' AND ts_lexize('german_stem', word.lexeme) <> '{}'
    ))
$$;

-- Every way to see a German lexeme as two words, the first of which may end in letters that link them.
-- OFFSET 0: else each term would be worked out anew wherever it is named, fifteen times as slow in all.
CREATE FUNCTION rag_splits(lexeme text) RETURNS TABLE (head text, tail text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT head.term, tail.term
    FROM generate_series(4, length(lexeme) - 4) cut,
        unnest(ARRAY['', 's', 'es', 'n', 'en', 'er', 'e']) link,
        LATERAL (SELECT rag_term('german', (ts_lexize('german_stem', left(lexeme, cut - length(link))))[1]) AS term OFFSET 0) head,
        LATERAL (SELECT rag_term('german', (ts_lexize('german_stem', substr(lexeme, cut + 1)))[1]) AS term OFFSET 0) tail
    WHERE lexeme ~ '^[[:alpha:]]{8,}$' AND cut - length(link) >= 4 AND left(lexeme, cut) LIKE '%' || link
        AND length(head.term) >= 3 AND length(tail.term) >= 3
$$;

-- Count the terms of a document's chunks. Frequencies are halves: a compound counts for each of its two words as half a
-- time. What a German compound is made of are words of the document or of its collection: the split that leaves both
-- longest is taken.
CREATE FUNCTION rag_count_terms(document uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM rag_posting WHERE chunk_id IN (SELECT id FROM rag_chunk WHERE document_id = document);

    WITH word AS MATERIALIZED (
        SELECT chunk.id, chunk.collection_id, chunk.config, found.*
        FROM rag_chunk chunk, rag_terms(chunk.config, chunk.heading || ' ' || chunk.text) found
        WHERE chunk.document_id = document
    ),
    compound AS MATERIALIZED (
        SELECT lexeme, head, tail
        FROM (SELECT DISTINCT collection_id, lexeme FROM word WHERE config = 'german') german,
            LATERAL (
                SELECT head, tail FROM rag_splits(lexeme) split
                WHERE (head IN (SELECT term FROM word) OR EXISTS (
                        SELECT FROM rag_posting posting
                        WHERE posting.term = head AND posting.collection_id = german.collection_id))
                    AND (tail IN (SELECT term FROM word) OR EXISTS (
                        SELECT FROM rag_posting posting
                        WHERE posting.term = tail AND posting.collection_id = german.collection_id))
                ORDER BY least(length(head), length(tail)) DESC, head LIMIT 1
            ) longest
    ),
    held AS (
        SELECT id, collection_id, term, 2 * frequency AS frequency FROM word
        UNION ALL
        SELECT id, collection_id, part, frequency
        FROM word JOIN compound USING (lexeme), unnest(ARRAY[head, tail]) part WHERE config = 'german'
    ),
    lengths AS (SELECT id, sum(frequency) AS length FROM word GROUP BY id)
    INSERT INTO rag_posting (chunk_id, collection_id, term, frequency, length)
    SELECT id, collection_id, term, least(sum(frequency), 32767), least(max(length), 32767)
    FROM held JOIN lengths USING (id) GROUP BY id, collection_id, term;

    UPDATE rag_chunk SET term_count = counted.length
    FROM (SELECT chunk_id, max(length) AS length FROM rag_posting
          WHERE chunk_id IN (SELECT id FROM rag_chunk WHERE document_id = document) GROUP BY chunk_id) counted
    WHERE rag_chunk.id = counted.chunk_id;

    UPDATE rag_document SET chunk_count = counted.chunks, term_count = counted.terms
    FROM (SELECT count(*) AS chunks, coalesce(sum(term_count), 0) AS terms FROM rag_chunk
          WHERE document_id = document) counted
    WHERE id = document;
$$;
