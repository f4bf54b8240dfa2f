"""What can go wrong with people and their accounts.

AccountError
├── SetupLinkInvalid   404  wrong, cut off or expired
└── AlreadySetUp       410  there is an admin; the link has done its work
"""


class AccountError(Exception):
    status = 400


class SetupLinkInvalid(AccountError):
    status = 404


class AlreadySetUp(AccountError):
    status = 410
