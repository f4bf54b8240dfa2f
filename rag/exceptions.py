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

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RagError(Exception):
    status = 500
    code = "rag_error"
    message: str | Promise = _("Something went wrong with this document.")

    def __str__(self) -> str:
        return str(self.message)


class UploadRefused(RagError):
    status = 400
    code = "upload_refused"
    message = _("This file cannot be added.")


class CollectionNotFound(UploadRefused):
    status = 404
    code = "collection_not_found"
    message = _("There is no such collection to add files to.")


class TooManyUploads(UploadRefused):
    status = 429
    code = "too_many_uploads"
    message = _("These are too many files at once. Please go on in a minute.")


class EmptyFile(UploadRefused):
    code = "empty_file"
    message = _("This file is empty.")


class FileTooLarge(UploadRefused):
    status = 413
    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return _("This file is larger than %(limit)s MB.") % {"limit": f"{self.limit / 1024**2:g}"}


class TypeNotAllowed(UploadRefused):
    status = 415
    code = "type_not_allowed"
    message = _(
        "This kind of file cannot be read. These can: PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), "
        "OpenDocument (.odt, .ods, .odp), EPUB, mails (.eml), HTML, CSV, Markdown, text, and scans as PNG or JPEG."
    )


class ContentMismatch(UploadRefused):
    status = 415
    code = "content_mismatch"
    message = _("The content of this file is not what its name says.")


class OldOrLockedFile(UploadRefused):
    status = 415
    code = "old_or_locked"
    message = _(
        "This file is protected by a password or of an old Office version. Save it without a password as .docx, "
        ".pptx or .xlsx and upload it again."
    )


class FileNotFound(RagError):
    status = 404
    code = "not_found"
    message = _("There is no such file, or it is not yours.")


class NotTheirs(RagError):
    status = 403
    code = "permission_denied"
    message = _("You may read this file, but not delete it. Remove it from the vector store instead.")


class AlreadyThere(UploadRefused):
    status = 409
    code = "already_there"
    message = _("The collection holds this document already.")


class StorageFull(UploadRefused):
    status = 507
    code = "storage_full"
    message = _("This file could not be stored. There may be no room left.")


class MayNotLeave(RagError):
    status = 403
    code = "may_not_leave"
    message = _("It is confidential: only those who manage the collection may move it to one that is not.")


class OnHold(RagError):
    status = 409
    code = "on_hold"
    message = _("A legal hold is on it: it cannot be deleted before that ends.")


class InvalidFilter(RagError):
    status = 400
    code = "invalid_filter"
    message = _("This filter is none that a search knows.")


class PageNotDrawn(RagError):
    status = 503
    code = "page_not_drawn"
    message = _("This page could not be shown as a picture.")


class IngestionError(RagError):
    status = 422
    code = "ingestion_failed"
    message = _("This document could not be read.")
    of_pages: str | Promise = ""  # the same of some pages only


class EncryptedFile(IngestionError):
    code = "encrypted"
    message = _("The file is protected by a password. Save it without one and upload it again.")


class DamagedFile(IngestionError):
    code = "damaged"
    message = _("The file is damaged and cannot be opened.")


class TruncatedFile(IngestionError):
    code = "truncated"
    message = _("The file is incomplete: its end is missing.")


class NoText(IngestionError):
    code = "no_text"
    message = _("No text was found in this file.")


class RecognitionMissing(IngestionError):
    code = "recognition_missing"
    message = _("This is a scan, a picture of text. Text recognition is not installed on the server.")
    of_pages = _("Text recognition, which scans need, is not installed on the server.")


class NotRecognised(IngestionError):
    code = "not_recognised"
    message = _("This is a scan, a picture of text, and its text could not be recognised.")
    of_pages = _("The text of the scan could not be recognised there.")


class OtherFormat(IngestionError):
    code = "other_format"
    message = _("The file is not of the kind that its name says, or a part of it is missing.")


class UnsafeFile(IngestionError):
    code = "unsafe"
    message = _("The file holds definitions that no document needs and that can do harm. It was not opened.")


class NestedTooDeeply(IngestionError):
    code = "nested_too_deeply"
    message = _("The file holds mails within mails, too many levels deep.")


class TooManyAttachments(IngestionError):
    code = "too_many_attachments"
    message = _("The mail has too many attachments.")


class NotText(IngestionError):
    code = "not_text"
    message = _("This is not a text file, although its name says so.")


class TooManyPages(IngestionError):
    code = "too_many_pages"
    message = _("The document has too many pages. Split it and upload the parts.")


class TooManyPixels(IngestionError):
    code = "too_many_pixels"
    message = _("The picture is too large. Save it with fewer pixels and upload it again.")


class TooMuchText(IngestionError):
    code = "too_much_text"
    message = _("The document holds too much text. Split it and upload the parts.")


class UnpacksTooLarge(IngestionError):
    code = "unpacks_too_large"
    message = _("The file unpacks to far more than it should and was not opened.")


class TakesTooLong(IngestionError):
    code = "takes_too_long"
    message = _("Reading the file took too long or needed too much memory.")


class NoEmbeddingModel(IngestionError):
    status = 503
    code = "no_embedding_model"
    message = _("No model that indexes documents is set up.")


class ModelRefused(IngestionError):
    status = 502
    code = "model_refused"
    message = _("The model that indexes documents refused the text.")


class QuotaUsedUp(IngestionError):
    status = 429
    code = "quota_used_up"
    message = _("Your allowance is used up. Try again when it is renewed.")


class ModelUnavailable(IngestionError):
    status = 503
    code = "model_unavailable"
    message = _("The model that indexes documents does not answer.")


class ModelAsleep(ModelUnavailable):
    code = "model_asleep"
    message = _("The embedding model is asleep. The document is read as soon as it is awake.")


class OutsideTheHouse(IngestionError):
    status = 403
    code = "outside_the_house"
    message = _("The collection is confidential, and the model that indexes documents does not run in the house.")


class Interrupted(IngestionError):
    status = 500
    code = "interrupted"
    message = _("Reading was interrupted too often.")


class LeaseLost(IngestionError):
    status = 409
    code = "lease_lost"


def ingestion_error(code: str) -> IngestionError:
    """The error for a stored code or for what a parser said; an unknown code is the general one."""
    for kind in IngestionError.__subclasses__():
        if kind.code == code:
            return kind()
    return IngestionError()
