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
└── NotRemembered       400  empty, too long, or not asked for
    └── MemoryFull      409
"""

from django.utils.translation import gettext as _


class AccountError(Exception):
    status = 400


class SetupLinkInvalid(AccountError):
    status = 404


class AlreadySetUp(AccountError):
    status = 410


class AddressRefused(AccountError, OSError):
    """To whoever dials it is one more address that cannot be reached."""

    def __str__(self) -> str:
        return _("This address is not open to this server.")


class NotRemembered(AccountError):
    def __str__(self) -> str:
        return str(self.args[0])


class MemoryFull(NotRemembered):
    status = 409

    def __str__(self) -> str:
        return _("Nothing more can be remembered: delete something first.")


class InvitationInvalid(AccountError):
    status = 404


class AddressTaken(AccountError):
    status = 409

    def __str__(self) -> str:
        return _("There is an account with this address already. Please sign in.")


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

    def __str__(self) -> str:
        return _("This is the only admin. Make somebody else an admin first.")
