from accounts.admin.auditing import AuditEventAdmin
from accounts.admin.coming_in import HouseRulesAdmin, IdentityProviderAdmin, InvitationAdmin
from accounts.admin.council import BreakGlassAdmin
from accounts.admin.notices import NoticeAdmin
from accounts.admin.people import TeamAdmin, UserAdmin

__all__ = [
    "AuditEventAdmin",
    "BreakGlassAdmin",
    "HouseRulesAdmin",
    "IdentityProviderAdmin",
    "InvitationAdmin",
    "NoticeAdmin",
    "TeamAdmin",
    "UserAdmin",
]
