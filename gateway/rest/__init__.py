"""What /api/v1 says of keys, usage, quotas and servers, and how a request to it is received."""
