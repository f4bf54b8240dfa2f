"""`manage.py up` and what it needs: one process that starts, watches and ends all the others.

supervisor    the order of starting and ending; `main` is `manage.py up`
children      a program kept running                programs     their command lines and environment
guardian      ends all when the supervisor is gone  processes    what runs on this machine
embedded      PostgreSQL and Redis from wheels      unprivileged as root, they run as nobody
sharing       the same services for a command alone datadir      who uses a data folder; its secrets
preparation   migrations, static files, first admin diagnosis    what `manage.py doctor` looks at
connections   are database and Redis fit for us?    ports        free ones, and who answers behind the others
variables     what is read before the settings can be
"""
