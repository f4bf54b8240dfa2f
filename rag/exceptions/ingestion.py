"""Why a document could not be read, or not indexed."""

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rag.exceptions.base import RagError


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
    found = next((kind for kind in _kinds(IngestionError) if kind.code == code), IngestionError)
    return found()


def _kinds(family: type[IngestionError]) -> Iterator[type[IngestionError]]:
    for kind in family.__subclasses__():
        yield kind
        yield from _kinds(kind)
