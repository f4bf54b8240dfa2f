"""What can go wrong between a file and its passages.

    RagError
    ├── UploadRefused                  the person who uploads is told at once
    │   ├── CollectionNotFound         404
    │   ├── EmptyFile                  400
    │   ├── FileTooLarge               413
    │   ├── TypeNotAllowed             415
    │   ├── ContentMismatch            415
    │   ├── AlreadyThere               409
    │   ├── OldOrLockedFile            415
    │   ├── TooManyUploads             429
    │   └── StorageFull                507
    ├── MayNotLeave                    403  a confidential document that is moved
    ├── OnHold                         409  a legal hold is on it: it stays
    ├── InvalidFilter                  400
    ├── PageNotDrawn                   503, the page's text is shown without its picture
    ├── FileNotFound                   404
    ├── NotTheirs                      403
    └── IngestionError                 the document keeps the code, its page shows the sentence
        ├── EncryptedFile
        ├── DamagedFile
        ├── TruncatedFile
        ├── NoText
        ├── RecognitionMissing         a scan, and no tesseract on the server
        ├── NotRecognised              a scan that tesseract did not get through
        ├── OtherFormat
        ├── UnsafeFile
        ├── NestedTooDeeply
        ├── TooManyAttachments
        ├── NotText
        ├── TooManyPages
        ├── TooManyPixels
        ├── TooMuchText
        ├── UnpacksTooLarge
        ├── TakesTooLong
        ├── NoEmbeddingModel
        ├── ModelRefused
        ├── QuotaUsedUp
        ├── ModelUnavailable           tried again by itself, with growing delay
        │   └── ModelAsleep            tried again by itself until its server is on
        ├── OutsideTheHouse            confidential, and the model is elsewhere
        ├── Interrupted
        └── LeaseLost                  another worker has taken the document over; nothing is stored

A parser in its own process knows no Django: it names the code, and `ingestion_error` finds the class.
"""

from rag.exceptions.base import RagError
from rag.exceptions.ingestion import (
    DamagedFile,
    EncryptedFile,
    IngestionError,
    Interrupted,
    LeaseLost,
    ModelAsleep,
    ModelRefused,
    ModelUnavailable,
    NestedTooDeeply,
    NoEmbeddingModel,
    NoText,
    NotRecognised,
    NotText,
    OtherFormat,
    OutsideTheHouse,
    QuotaUsedUp,
    RecognitionMissing,
    TakesTooLong,
    TooManyAttachments,
    TooManyPages,
    TooManyPixels,
    TooMuchText,
    TruncatedFile,
    UnpacksTooLarge,
    UnsafeFile,
    ingestion_error,
)
from rag.exceptions.refusals import (
    AlreadyThere,
    CollectionNotFound,
    ContentMismatch,
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    InvalidFilter,
    MayNotLeave,
    NotTheirs,
    OldOrLockedFile,
    OnHold,
    PageNotDrawn,
    StorageFull,
    TooManyUploads,
    TypeNotAllowed,
    UploadRefused,
)

__all__ = [
    "AlreadyThere",
    "CollectionNotFound",
    "ContentMismatch",
    "DamagedFile",
    "EmptyFile",
    "EncryptedFile",
    "FileNotFound",
    "FileTooLarge",
    "IngestionError",
    "Interrupted",
    "InvalidFilter",
    "LeaseLost",
    "MayNotLeave",
    "ModelAsleep",
    "ModelRefused",
    "ModelUnavailable",
    "NestedTooDeeply",
    "NoEmbeddingModel",
    "NoText",
    "NotRecognised",
    "NotText",
    "NotTheirs",
    "OldOrLockedFile",
    "OnHold",
    "OtherFormat",
    "OutsideTheHouse",
    "PageNotDrawn",
    "QuotaUsedUp",
    "RagError",
    "RecognitionMissing",
    "StorageFull",
    "TakesTooLong",
    "TooManyAttachments",
    "TooManyPages",
    "TooManyPixels",
    "TooManyUploads",
    "TooMuchText",
    "TruncatedFile",
    "TypeNotAllowed",
    "UnpacksTooLarge",
    "UnsafeFile",
    "UploadRefused",
    "ingestion_error",
]
