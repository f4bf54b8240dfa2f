"""What the chat costs: its stream, its sockets, its pages and its renderer. Linux only.

Two processors: on the first one the browsers, the mock model server, PostgreSQL and Redis; on the second one web
process with the arguments of `manage.py up`. The model server writes the time into each delta, so the sockets see how
long the server kept it: that is the server's share of the time to pixels.

    python -m bench.chat            about two minutes; writes bench/results/chat.md
    python -m bench.chat --quick    about half a minute, rougher; prints only
"""
