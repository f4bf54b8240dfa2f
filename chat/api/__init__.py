"""What the chat adds to the addresses under /v1."""
