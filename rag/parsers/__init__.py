"""Read the text out of a file. Runs in a process of its own (`python -m rag.parsers`) and knows no Django.

Each format is a module with one function `read(path) -> Parsed`; ParsingFailed names the reason by the code of an
IngestionError.
"""
