"""Every column that names a person was decided upon: how they get it, and how it ends."""

from django.apps import apps

from accounts.models import User

GOES_AND_IS_EXPORTED = {
    "accounts.Agreement.user", "accounts.BreakGlass.person", "accounts.Fact.user", "accounts.Membership.user",
    "accounts.Notification.user", "chat.Assistant.owner", "chat.Conversation.owner", "chat.Project.owner",
    "chat.Prompt.owner", "gateway.ApiKey.user", "gateway.Quota.user", "gateway.Webhook.user",
    "mfa.Authenticator.user", "rag.Collection.owner", "rag.StoredFile.owner", "socialaccount.SocialAccount.user",
    "usersessions.UserSession.user",
}  # fmt: skip
GOES = {
    "account.EmailAddress.user", "accounts.BreakGlass.asked_by", "accounts.BreakGlass.granted_by",
    "accounts.DataExport.user", "admin.LogEntry.user",
    # what others offer or show to them
    "chat.Assistant_people.user", "chat.Prompt_people.user", "chat.Share_people.user", "rag.CollectionShare.user",
    # Django's own rights, which nobody uses here
    "accounts.User_groups.user", "accounts.User_user_permissions.user",
}  # fmt: skip
EMPTIED = {  # the row is somebody else's
    "accounts.Invitation.accepted_by", "accounts.Invitation.made_by", "accounts.LegalHold.placed_by",
    "rag.Document.uploaded_by", "rag.DocumentVersion.uploaded_by", "rag.EmbeddingIndex.adopted_by",
}  # fmt: skip
STAYS_WITHOUT_THEM = {"accounts.AuditEvent.actor", "gateway.Call.user", "gateway.Usage.user", "gateway.UsageTotal.user"}
KEEPS_THEM = {"accounts.LegalHold.user"}


def test_every_table_that_names_a_person_was_decided_upon() -> None:
    named = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.concrete and not field.many_to_many and field.related_model is User
    }
    decided = [GOES_AND_IS_EXPORTED, GOES, EMPTIED, STAYS_WITHOUT_THEM, KEEPS_THEM]
    assert named == set().union(*decided) and len(named) == sum(map(len, decided))
