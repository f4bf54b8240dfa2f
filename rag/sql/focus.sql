-- Of each chunk the part that fits the question best, by the same scores.
WITH asked AS (
    SELECT %s::jsonb AS terms, %s::bigint[] AS chunks, %s::halfvec AS embedding, %s::int AS index,
        %s::jsonb AS shares, %s::float AS unrelated
),
part AS (
    SELECT vector.chunk_id, vector.start, vector.end, coalesce(shares -> config, shares -> '')::float AS share,
        {meaning} AS meaning, (
            SELECT sum((terms -> term)::float) FROM (
                SELECT DISTINCT term
                FROM rag_terms(config, substr(text, vector.start - chunk.start + 1, vector.end - vector.start))
            ) held
        ) / nullif((SELECT sum(value::float) FROM jsonb_each(terms)), 0) AS words
    FROM asked, rag_chunk chunk JOIN rag_vector vector ON vector.chunk_id = chunk.id
    WHERE chunk.id = ANY (chunks)
)
SELECT DISTINCT ON (chunk_id) chunk_id, part.start, part.end
FROM part
ORDER BY chunk_id, share * meaning + (1 - share) * coalesce(words, 0) DESC, part.start
