"""What a person is told at once."""

from django.utils.translation import gettext_lazy as _

from rag.exceptions.base import RagError


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
