-- The chunks that hold the words of a question best, among those that its asker may see: `scope` are their collections,
-- `permitted` the chunks that filters leave of them. The statistics are those of the scope, whatever filters leave.
-- With them comes what the words' share in any other chunk is reckoned from, and what the way to the nearest vectors is
-- chosen by (rag/nearest.py): a large scope's documents are gone through once.
WITH asked AS (SELECT %s::text AS question, %s::jsonb AS configs, %s::int AS index, %s::text AS graph),
scope (id) AS MATERIALIZED ({scope}),
languages AS MATERIALIZED (
    SELECT coalesce(configs ->> language, configs ->> '') AS config, chunks, terms, vectors, is_incomplete
    FROM asked, (
        SELECT language, sum(chunk_count) AS chunks, sum(term_count) AS terms,
            sum(held.vectors) FILTER (WHERE {condition}) AS vectors,
            bool_or(document.status = 'ready' AND held.vectors IS NULL) FILTER (WHERE {condition}) AS is_incomplete
        FROM rag_document document LEFT JOIN rag_indexeddocument held
            ON held.document_id = document.id AND held.index_id = (SELECT index FROM asked)
        WHERE document.collection_id IN (SELECT scope.id FROM scope) GROUP BY language
    ) documents
),
total AS MATERIALIZED (
    SELECT sum(chunks) AS chunks, greatest(sum(terms), 1)::float / greatest(sum(chunks), 1)::float AS length,
        greatest(sum(chunks) * {frequent_share}, {frequent})::bigint AS frequent,
        coalesce(sum(vectors), 0)::bigint AS vectors, coalesce(bool_or(is_incomplete), false) AS is_incomplete
    FROM languages
),
permitted (id) AS MATERIALIZED (
    SELECT chunk.id FROM rag_document document JOIN rag_chunk chunk ON chunk.document_id = document.id
    WHERE document.collection_id IN (SELECT scope.id FROM scope) AND ({condition})
),
-- the question's words in every language that is there, and what compounds among them are made of
words AS MATERIALIZED (
    SELECT config, lexeme, term
    FROM asked, (SELECT DISTINCT config FROM languages) present, rag_terms(config, question)
),
parts AS (
    SELECT unnest(ARRAY[head, tail]) AS term
    FROM words, LATERAL (
        -- IS TRUE: looked up for each split; as a join of a small corpus every term there is was tried at every cut
        SELECT head, tail FROM rag_splits(lexeme)
        WHERE EXISTS (SELECT FROM rag_posting posting
                WHERE posting.term = head AND posting.collection_id = ANY (ARRAY(SELECT scope.id FROM scope))) IS TRUE
            AND EXISTS (SELECT FROM rag_posting posting
                WHERE posting.term = tail AND posting.collection_id = ANY (ARRAY(SELECT scope.id FROM scope))) IS TRUE
        ORDER BY least(length(head), length(tail)) DESC, head LIMIT 1
    ) longest
    WHERE config = 'german'
),
terms AS (
    SELECT term, max(importance) AS importance
    FROM (SELECT term, 1::float FROM words UNION ALL SELECT term, {part_importance} FROM parts) asked (term, importance)
    GROUP BY term ORDER BY length(term) DESC, term LIMIT {most_terms}
),
-- in how many chunks a term stands, counted up to where it tells nothing any more
spread AS MATERIALIZED (
    SELECT term, importance, frequent, (
        SELECT count(*) FROM (
            SELECT FROM rag_posting posting
            WHERE posting.term = terms.term AND posting.collection_id = ANY (ARRAY(SELECT scope.id FROM scope))
            LIMIT frequent + 1
        ) counted
    ) AS chunks
    FROM terms, total
),
rarity AS MATERIALIZED (
    SELECT term, importance, ln(1 + greatest(total.chunks - spread.chunks + 0.5, 0.5)::float / (spread.chunks + 0.5)) AS weight
    FROM spread, total
    WHERE spread.chunks <= total.frequent
        OR NOT EXISTS (SELECT FROM spread rare WHERE rare.chunks BETWEEN 1 AND rare.frequent)
),
complete AS MATERIALIZED (
    SELECT config, sum(weight) * ({saturation} + 1) AS score
    FROM (SELECT DISTINCT config, term FROM words) word JOIN rarity USING (term) GROUP BY config
),
scored AS MATERIALIZED (
    SELECT posting.chunk_id AS id, sum({bm25}) AS score
    FROM total, rarity JOIN rag_posting posting ON posting.term = rarity.term
        AND posting.collection_id = ANY (ARRAY(SELECT scope.id FROM scope)) {among_postings}
    GROUP BY posting.chunk_id
),
by_words AS (SELECT id, score FROM scored ORDER BY score DESC, id LIMIT {candidates})
SELECT (SELECT jsonb_object_agg(term, weight * importance) FROM rarity),
    (SELECT jsonb_object_agg(config, score) FROM complete),
    (SELECT length FROM total),
    array_agg(id), array_agg(score),
    (SELECT vectors FROM total), (SELECT is_incomplete FROM total),
    (SELECT reltuples FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
     WHERE pg_class.oid = to_regclass((SELECT graph FROM asked)) AND indisvalid)
FROM by_words
