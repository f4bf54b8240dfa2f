"""What can go wrong with people and their accounts.

AccountError
├── SetupLinkInvalid    404  wrong, cut off or expired
├── AlreadySetUp        410  there is an admin; the link has done its work
├── InvitationInvalid   404  wrong, cut off or expired, used or revoked
├── AddressTaken        409  somebody here has that address already
├── LastAdmin           409  nobody would be left to manage this house
├── GrantRefused        403  not by who asked, nor too late, nor by or for who is out of office
├── AlreadyGranted      409
├── AddressRefused      400  the server does not dial that for whoever named it
├── NoticeChanged       409  what was agreed to is not the version that holds now
├── TableUnreadable     400  a file to import is no table, too large or has other columns
├── ErasureOpen         409  asked for already
├── OnHold              409  a legal hold is on what should be deleted
└── NotRemembered       400  empty, too long, or not asked for
    └── MemoryFull      409

RequestError                 what is wrong with a request to /api/v1, whatever it is about
├── InvalidBody         400  no JSON, or JSON that no field takes
├── InvalidCursor       400  none that this caller was given for this list
├── RequestNotSigned    403  a session that changes something without its token
├── FactorMissing       403  a second factor is required and not set up
├── NoticeMissing       403  a privacy notice is not agreed to yet
├── NotPermitted        403  the role does not allow it
├── OutOfScope          403  the key is not meant for it
├── NotThere            404  or not theirs
├── Overtaken           409  by another request at the same moment: a name was given, or what it leads to deleted
├── Changed             412  somebody else was there before
├── UnsupportedMedia    415
├── Invalid             422  fields that do not fit, each with its reason
└── ConditionMissing    428  a change that names no state to begin from
"""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class AccountError(Exception):
    status = 400
    code = "account_error"


class SetupLinkInvalid(AccountError):
    status = 404
    code = "setup_link_invalid"


class AlreadySetUp(AccountError):
    status = 410
    code = "already_set_up"


class AddressRefused(AccountError, OSError):
    """To whoever dials it is one more address that cannot be reached."""

    def __str__(self) -> str:
        return _("This address is not open to this server.")


class NotRemembered(AccountError):
    code = "not_remembered"

    def __str__(self) -> str:
        return str(self.args[0])


class MemoryFull(NotRemembered):
    status = 409
    code = "memory_full"

    def __str__(self) -> str:
        return _("Nothing more can be remembered: delete something first.")


class InvitationInvalid(AccountError):
    status = 404
    code = "invitation_invalid"


class AddressTaken(AccountError):
    status = 409
    code = "address_taken"

    def __str__(self) -> str:
        return _("There is an account with this address already. Please sign in.")


class NoticeChanged(AccountError):
    status = 409


class GrantRefused(AccountError):
    status = 403

    def __str__(self) -> str:
        return _(
            "Only somebody else may grant this: an admin or an auditor, within three days, to who is an admin still."
        )


class AlreadyGranted(AccountError):
    status = 409

    def __str__(self) -> str:
        return _("This was granted already.")


class LastAdmin(AccountError):
    status = 409
    code = "last_admin"

    def __str__(self) -> str:
        return _("This is the only admin. Make somebody else an admin first.")


class TableUnreadable(AccountError):
    def __str__(self) -> str:
        return str(self.args[0])


class ErasureOpen(AccountError):
    status = 409

    def __str__(self) -> str:
        return _("This account is being erased already.")


class OnHold(AccountError):
    status = 409
    code = "on_hold"

    def __str__(self) -> str:
        return _("A legal hold is on it: it cannot be deleted before that ends.")


class RequestError(Exception):
    status = 400
    code = "bad_request"
    sentence: str | Promise = gettext_lazy("This request could not be understood.")

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else str(self.sentence)


class InvalidBody(RequestError):
    code = "invalid_body"
    sentence = gettext_lazy("The body is no JSON that can be taken.")


class InvalidCursor(RequestError):
    code = "invalid_cursor"
    sentence = gettext_lazy("This cursor was not given to you for this list.")


class RequestNotSigned(RequestError):
    status = 403
    code = "csrf_failed"
    sentence = gettext_lazy("A session has to send its token with what it changes, in the header X-CSRFToken.")


class FactorMissing(RequestError):
    status = 403
    code = "second_factor_missing"
    sentence = gettext_lazy("Please set up a second factor first.")


class NoticeMissing(RequestError):
    status = 403
    code = "notice_not_agreed"
    sentence = gettext_lazy("Please read the privacy notice first.")


class NotPermitted(RequestError):
    status = 403
    code = "not_permitted"
    sentence = gettext_lazy("Your role does not allow this.")


class OutOfScope(RequestError):
    status = 403
    code = "scope_missing"
    sentence = gettext_lazy("This key is not meant for this.")


class NotThere(RequestError):
    status = 404
    code = "not_found"
    sentence = gettext_lazy("There is nothing at this address, or it is not yours.")


class Overtaken(RequestError):
    status = 409
    code = "overtaken"
    sentence = gettext_lazy("Another request at the same moment was faster. Look what is there now.")


class Changed(RequestError):
    status = 412
    code = "changed_meanwhile"
    sentence = gettext_lazy("It was changed since you read it. Read it again.")


class UnsupportedMedia(RequestError):
    status = 415
    code = "unsupported_media_type"
    sentence = gettext_lazy("This address does not take a body of this kind.")


class Invalid(RequestError):
    status = 422
    code = "invalid"
    sentence = gettext_lazy("Some fields do not fit.")

    def __init__(self, errors: Sequence[tuple[str, str]] = ()) -> None:
        """Each is a field, as a path with dots, and what is wrong with it."""
        super().__init__()
        self.errors = errors


class ConditionMissing(RequestError):
    status = 428
    code = "condition_missing"
    sentence = gettext_lazy("Name what you read, by its ETag, in the header If-Match.")
