"""What the gateway costs: Voliere's /v1 against a bare pass-through, before the same mock upstream. Linux only.

Two processors are enough: on the first one the load, the mock upstream, PostgreSQL and Redis; on the second the two
subjects, which are asked in turn, round by round. Both are uvicorn processes with the very same arguments (those of
`manage.py up`), so loop, HTTP parser and keep-alive are equal, and the same client asks both. What is told is the
median over the rounds, and above all the ratio of the two: it hardly depends on the machine.

The pass-through checks and counts nothing. Voliere checks a key, reserves and settles eight quotas (requests a minute
and tokens a month of the person, the team, the key and the instance) and writes the ledger. Worker and beat do not run.

    python -m bench.gateway            about three minutes; writes bench/results/gateway.md
    python -m bench.gateway --quick    about a minute and a half, rougher; prints only
    python -m bench.gateway --long     memory over 100,000 calls as well
"""
