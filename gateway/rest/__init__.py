"""What /api/v1 says of keys, models and their aliases, usage, quotas, servers and webhooks. Around every operation, of
whatever room, stands `receiving`."""
