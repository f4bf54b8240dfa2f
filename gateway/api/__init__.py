"""The OpenAI-compatible surface, /v1: decode, call, encode.

It is an ASGI application of its own beside Django's: a call of a model must cost little, and what pages need — cookies,
forms, templates — is of no use to it. Every answer is JSON or an event stream, errors included.
"""
