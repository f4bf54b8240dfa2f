"""What waits for a model server: it is not stopped meanwhile."""

from collections.abc import Collection

from rag.embedding import index_and_model
from rag.exceptions import NoEmbeddingModel
from rag.models import Document


def by_documents(deployments: Collection[int]) -> bool:
    """Whether documents that somebody uploaded are still to be embedded by one of these."""
    if not Document.objects.unfinished().exists():
        return False
    try:
        index, _serving = index_and_model()
    except NoEmbeddingModel:
        return False
    return bool(index.offers().filter(pk__in=deployments).exists())
