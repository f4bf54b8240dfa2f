"""Documents for assistants elsewhere, by the Model Context Protocol: `/mcp` offers `search` and `fetch`.

It is a door like /v1, with the same keys, limits and refusals (gateway/api); config/asgi.py sets it beside that one. A
request is whole in itself: no session is kept, so any web process may answer any of them, and a revoked key opens
nothing more.
"""
