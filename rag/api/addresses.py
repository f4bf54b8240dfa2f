"""The addresses of documents under /v1."""

from gateway.api.routes import Route
from gateway.models import Scope
from rag.api import file_batches, files, searches, store_files, vector_stores
from rag.api.endpoints import allowed, reading, writing
from rag.api.fields import (
    ATTRIBUTES,
    BATCH,
    FORM,
    NEW_STORE,
    PAGE,
    PAGE_OF_FILES,
    QUERY,
    SEARCH,
    STORE,
    STORE_FILE,
)

A_STORE = "/vector_stores/{vector_store_id}"
A_FILE = f"{A_STORE}/files/{{file_id}}"
A_BATCH = f"{A_STORE}/file_batches/{{batch_id}}"

addresses = [
    Route("POST", "/files", allowed(Scope.DOCUMENTS_WRITE, files.create), is_upload=True,
          takes=FORM, needs=("file", "purpose")),
    Route("GET", "/files", reading(files.files), asks=PAGE),
    Route("GET", "/files/{file_id}", reading(files.retrieve)),
    Route("DELETE", "/files/{file_id}", writing(files.delete)),
    Route("GET", "/files/{file_id}/content", allowed(Scope.DOCUMENTS_READ, files.content), gives=("*/*",)),
    Route("POST", "/vector_stores", writing(vector_stores.create), takes=NEW_STORE),
    Route("GET", "/vector_stores", reading(vector_stores.list_stores), asks=PAGE),
    Route("GET", A_STORE, reading(vector_stores.retrieve)),
    Route("POST", A_STORE, writing(vector_stores.update), takes=STORE),
    Route("DELETE", A_STORE, writing(vector_stores.delete)),
    Route("POST", f"{A_STORE}/search", allowed(Scope.DOCUMENTS_READ, searches.search),
          takes=SEARCH | {"query": QUERY}, needs=("query",)),
    Route("POST", f"{A_STORE}/files", writing(store_files.create), takes=STORE_FILE, needs=("file_id",)),
    Route("GET", f"{A_STORE}/files", reading(store_files.list_files), asks=PAGE_OF_FILES),
    Route("GET", A_FILE, reading(store_files.retrieve)),
    Route("POST", A_FILE, writing(store_files.update), takes={"attributes": ATTRIBUTES}, needs=("attributes",)),
    Route("DELETE", A_FILE, writing(store_files.delete)),
    Route("GET", f"{A_FILE}/content", reading(store_files.content)),
    Route("POST", f"{A_STORE}/file_batches", writing(file_batches.create), takes=BATCH),
    Route("GET", A_BATCH, reading(file_batches.retrieve)),
    Route("POST", f"{A_BATCH}/cancel", writing(file_batches.cancel)),
    Route("GET", f"{A_BATCH}/files", reading(file_batches.list_files), asks=PAGE_OF_FILES),
]  # fmt: skip
