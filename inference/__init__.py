"""A small model server that speaks the OpenAI API, in a process of its own: `python -m inference`."""
