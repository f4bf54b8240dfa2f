"""What /api/v1 says of conversations, messages, assistants and prompts."""
