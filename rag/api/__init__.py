"""Documents for scripts, as OpenAI's clients know them: `/v1/files` and `/v1/vector_stores`.

A vector store is a collection, a file in it a document; docs/decisions/0010 says how they map. The addresses join
those of the gateway in config/asgi.py, and so does the search before an answer.
"""
