-- The chunks that answer a question best, of those that hold its words (sql/words.sql) and those that are near to it in
-- meaning, among those that its asker may see: `scope` are their collections, `permitted` the chunks that filters leave.
-- A chunk's words are the share of the question's weight that it holds, its meaning is the likeness of its nearest part.
WITH asked AS (
    SELECT %s::halfvec AS embedding, %s::int AS index, %s::jsonb AS shares, %s::float AS unrelated,
        %s::jsonb AS complete, %s::float AS length
),
term AS MATERIALIZED (SELECT key AS term, value::float AS weight FROM jsonb_each(%s::jsonb)),
scope (id) AS MATERIALIZED ({scope}),
permitted (id) AS MATERIALIZED (
    SELECT chunk.id FROM rag_document document JOIN rag_chunk chunk ON chunk.document_id = document.id
    WHERE document.collection_id IN (SELECT scope.id FROM scope) AND ({condition})
),
by_words (id, score) AS (SELECT * FROM unnest(%s::bigint[], %s::float[])),
by_meaning AS ({by_meaning}),
-- of each what is known of it from the way it was found
candidate AS MATERIALIZED (
    SELECT id, max(words) AS words, max(meaning) AS meaning
    FROM (SELECT id, score, NULL FROM by_words UNION ALL SELECT id, NULL, score FROM by_meaning) each (id, words, meaning)
    GROUP BY id
),
found AS MATERIALIZED (
    SELECT chunk.*, coalesce(shares -> config, shares -> '')::float AS share,
        coalesce(coalesce(candidate.words, (
            SELECT sum({bm25}) FROM term JOIN rag_posting posting USING (term)
            WHERE posting.chunk_id = chunk.id AND posting.term = ANY (ARRAY(SELECT term.term FROM term))
        )) / nullif((complete -> config)::float, 0), 0) AS words,
        CASE WHEN candidate.meaning IS NOT NULL THEN greatest((candidate.meaning - unrelated) / (1 - unrelated), 0)
            ELSE coalesce((SELECT max({meaning}) FROM rag_vector vector WHERE vector.chunk_id = chunk.id), 0)
        END AS meaning
    FROM asked, candidate JOIN rag_chunk chunk USING (id)
    WHERE chunk.collection_id = ANY (ARRAY(SELECT scope.id FROM scope))  -- what holds the words was found a moment ago
),
weighed AS (
    SELECT found.*, share * meaning + (1 - share) * words AS score
    FROM found ORDER BY score DESC, found.id LIMIT %s
)
SELECT weighed.id, document.id, document.name, document.version, weighed.page, weighed.start, weighed.end, weighed.text,
    weighed.score, weighed.words, weighed.meaning,
    coalesce(content.page_kind, ''), coalesce(content.page_labels[weighed.page], ''), document.used_at
FROM weighed JOIN rag_document document ON document.id = weighed.document_id
    LEFT JOIN rag_documenttext content ON content.document_id = document.id
ORDER BY weighed.score DESC, weighed.id
