"""What /api/v1 says of collections, documents and passages."""
