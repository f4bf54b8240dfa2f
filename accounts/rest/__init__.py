"""The frame of /api/v1, which every room puts its operations into, and the operations on people.

An operation decodes, calls what the page calls, and encodes. Who calls is in `request.caller` before any of them is run
(`gateway.rest.receiving`).
"""
