"""Identity providers, as the panel configures them, and which of their groups are which of our teams."""

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField

ISSUER = RegexValidator(
    r"\A(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?)(/[^\s?#]*)?\Z",
    _("This is no https:// address."),
)


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    def active(self) -> Self:
        return self.filter(is_active=True).order_by("name")


class IdentityProvider(models.Model):
    name = models.CharField(_("name"), max_length=100, help_text=_("As on the button: “Sign in with …”."))
    slug = models.SlugField(
        _("short name"),
        max_length=40,
        unique=True,
        help_text=_("Part of the addresses that are entered at the provider. It stays as it is."),
    )
    issuer = models.CharField(
        _("issuer"),
        max_length=500,
        validators=[ISSUER],
        help_text=_("For Keycloak: https://keycloak.example.org/realms/NAME"),
    )
    client_id = models.CharField(_("client id"), max_length=200)
    client_secret = EncryptedTextField(
        _("client secret"), blank=True, help_text=_("Kept encrypted and never shown again.")
    )
    group_claim = models.CharField(
        _("claim with groups"), max_length=100, blank=True, default="groups", help_text=_("Of the id token.")
    )
    admits_new = models.BooleanField(
        _("admits new people"), default=True, help_text=_("Who signs in for the first time gets an account.")
    )
    has_second_factor = models.BooleanField(
        _("asks for a second factor itself"),
        default=False,
        help_text=_("Who comes from there needs none here."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = IdentityProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity provider")
        verbose_name_plural = _("identity providers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug.lower()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.issuer = self.issuer.removesuffix("/.well-known/openid-configuration")
        others = IdentityProvider.objects.exclude(pk=self.pk).filter(issuer=self.issuer, client_id=self.client_id)
        if others.exists():
            raise ValidationError(_("There is one of that issuer and client already."))


class GroupMapping(models.Model):
    """Who is in that group there is in that team here, from each sign-in to the next; who is not, is not."""

    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="groups", verbose_name=_("identity provider")
    )
    group = models.CharField(_("group"), max_length=200, help_text=_("As the claim has it, e.g. /board"))
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, verbose_name=_("team"))
    role = models.CharField(
        _("role in the team"), max_length=10, default="member", choices=[("member", _("Member")), ("lead", _("Lead"))]
    )

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        constraints = [models.UniqueConstraint(fields=["provider", "group", "team"], name="group_mapped_once")]

    def __str__(self) -> str:
        return f"{self.group} → {self.team}"
