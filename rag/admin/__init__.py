from rag.admin.documents import CollectionAdmin, DocumentAdmin
from rag.admin.indexes import EmbeddingIndexAdmin

__all__ = ["CollectionAdmin", "DocumentAdmin", "EmbeddingIndexAdmin"]
