import ssl
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField
from accounts.models import User
from gateway.exceptions import UnknownModel

HTTP_ADDRESS = RegexValidator(r"\Ahttps?://[^\s/?#@]+(/[^\s?#]*)?\Z", _("This is no http:// or https:// address."))
NOT_NEGATIVE = MinValueValidator(0)
AT_LEAST_ONE = MinValueValidator(1)
STATE = ("failures", "failure", "failing_since", "cooling_until", "probed_at")


def is_certificate(text: str) -> None:
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValidationError(_("This is no certificate in PEM form (-----BEGIN CERTIFICATE-----…).")) from None


class Upstream(models.Model):
    """A server that speaks the OpenAI API."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    # no URLField: that one refuses the short host names of container networks
    base_url = models.CharField(
        _("address"),
        max_length=500,
        validators=[HTTP_ADDRESS],
        help_text=_("Up to and with /v1, e.g. http://gpu.example.org:8000/v1"),
    )
    api_key = EncryptedTextField(_("API key"), blank=True, help_text=_("Kept encrypted and never shown again."))
    certificate = models.TextField(
        _("certificate of its authority"),
        blank=True,
        validators=[is_certificate],
        help_text=_("In PEM form, for a server whose https:// is signed by an authority of your own."),
    )
    place = models.CharField(
        _("place"), max_length=150, blank=True, help_text=_("Where it runs, in words: shown to everyone who asks.")
    )
    in_house = models.BooleanField(
        _("in the house"),
        default=False,
        help_text=_("It runs on machines of your own. Confidential collections are sent to such servers only."),
    )
    watts = models.PositiveIntegerField(
        _("power when busy (W)"),
        null=True,
        blank=True,
        help_text=_("What it draws while it answers. Empty: energy is not reckoned."),
    )
    connect_timeout = models.PositiveIntegerField(_("time to connect (s)"), default=5, validators=[AT_LEAST_ONE])
    first_token_timeout = models.PositiveIntegerField(
        _("time to the first token (s)"),
        default=300,
        validators=[AT_LEAST_ONE],
        help_text=_("A server may have to load the model first."),
    )
    between_tokens_timeout = models.PositiveIntegerField(
        _("time between tokens (s)"), default=60, validators=[AT_LEAST_ONE]
    )
    total_timeout = models.PositiveIntegerField(
        _("time for a whole answer (s)"), default=1800, validators=[AT_LEAST_ONE]
    )
    is_embedded = models.BooleanField(_("embedded"), default=False, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # how it is: written by probes and failed calls, see gateway.health
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failure = models.CharField(_("last failure"), max_length=50, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    cooling_until = models.DateTimeField(_("not asked until"), null=True, editable=False)
    probed_at = models.DateTimeField(_("last asked how it is"), null=True, editable=False)

    class Meta:
        verbose_name = _("upstream")
        verbose_name_plural = _("upstreams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Its state is for the rounds and calls to write: a form that was open meanwhile leaves it alone."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = [
                field.name for field in self._meta.concrete_fields if not field.primary_key and field.name not in STATE
            ]
        super().save(*args, **kwargs)


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def serving(self, kind: str) -> Self:
        return self.filter(kind=kind, is_active=True, upstream__is_active=True).select_related("upstream")

    def offered_to(self, user: User, kind: str) -> Self:
        """One of each name: the first that would be asked."""
        theirs = self.serving(kind).filter(Q(teams=None) | Q(teams__members=user))
        first = theirs.order_by("name", "-is_default", "priority", "id").distinct("name")
        return self.serving(kind).filter(pk__in=first.values("pk"))

    def find(self, name: str, kind: str) -> "Deployment":
        """The deployment of that public name, the default for an empty one; raises UnknownModel."""
        serving = self.serving(kind)
        deployment = (serving.filter(name=name) if name else serving).first()
        if deployment is None:
            raise UnknownModel(param="model")
        return deployment


class Deployment(models.Model):
    """One model on one upstream, offered under a public name. Several may share a name, and then the calls."""

    class Kind(models.TextChoices):
        CHAT = "chat", _("Chat")
        EMBEDDING = "embedding", _("Embedding")
        RERANK = "rerank", _("Reranking")
        TRANSCRIPTION = "transcription", _("Transcription")

    class Openness(models.TextChoices):
        SOURCE = "source", _("open source")  # weights, data and code
        WEIGHTS = "weights", _("open weights")
        CLOSED = "closed", _("closed")

    upstream = models.ForeignKey(
        Upstream, on_delete=models.CASCADE, related_name="deployments", verbose_name=_("upstream")
    )
    name = models.CharField(
        _("public name"),
        max_length=200,
        db_index=True,
        help_text=_("What people and scripts call it. Deployments of one name share its calls."),
    )
    model = models.CharField(_("model"), max_length=200, help_text=_("What the upstream calls it."))
    kind = models.CharField(_("kind"), max_length=15, choices=Kind, default=Kind.CHAT)
    licence = models.CharField(_("licence"), max_length=100, blank=True)
    openness = models.CharField(
        _("openness"), max_length=12, choices=Openness, blank=True, help_text=_("What of it everyone may have.")
    )
    origin = models.CharField(_("made by"), max_length=100, blank=True, help_text=_("Who trained it, and where."))
    size = models.CharField(_("size"), max_length=30, blank=True, help_text=_("Its parameters, e.g. 24B or 30B-A3B."))
    card = models.CharField(
        _("model card"),
        max_length=500,
        blank=True,
        validators=[HTTP_ADDRESS],
        help_text=_("Address of a page that describes it."),
    )
    quantisation = models.CharField(
        _("quantisation"), max_length=50, blank=True, help_text=_("How coarsely its weights are kept, e.g. Q4_K_M.")
    )
    context_length = models.PositiveIntegerField(
        _("context length in tokens"), null=True, blank=True, validators=[AT_LEAST_ONE]
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("default"), default=False, help_text=_("Chosen where nobody chooses."))
    # who may call it, and how it is called
    teams = models.ManyToManyField(
        "accounts.Team", blank=True, verbose_name=_("teams"), help_text=_("Offered to them only; empty: to everyone.")
    )
    defaults = models.JSONField(
        _("defaults"),
        default=dict,
        blank=True,
        help_text=_('Fields of a request where it names none, e.g. {"temperature": 0.3}'),
    )
    max_output_tokens = models.PositiveIntegerField(
        _("longest answer in tokens"),
        null=True,
        blank=True,
        validators=[AT_LEAST_ONE],
        help_text=_("More is never asked of the model."),
    )
    has_responses = models.BooleanField(
        _("speaks /v1/responses"),
        default=False,
        help_text=_("As found. Without it /v1/responses is translated into chat completions."),
    )
    # how calls are shared between deployments of one name, and between people
    slots = models.PositiveIntegerField(
        _("calls at once"),
        null=True,
        blank=True,
        default=16,
        validators=[AT_LEAST_ONE],
        help_text=_("More wait in line. Empty: no limit."),
    )
    queue_limit = models.PositiveIntegerField(_("longest line"), default=100)
    priority = models.SmallIntegerField(
        _("rank"), default=0, help_text=_("Lower is asked first, higher when that one is full.")
    )
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    fallback = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("in its stead"),
        help_text=_("Answers when no deployment of this name can."),
    )
    # millionths of the currency a token are the same as units of it a million tokens
    input_price = models.DecimalField(
        _("price of a million tokens in"), default=0, max_digits=12, decimal_places=4, validators=[NOT_NEGATIVE]
    )
    output_price = models.DecimalField(
        _("price of a million tokens out"), default=0, max_digits=12, decimal_places=4, validators=[NOT_NEGATIVE]
    )
    # what others would charge for the same tokens: for comparison alone
    api_input_price = models.DecimalField(
        _("at an API: a million tokens in"),
        null=True,
        blank=True,
        max_digits=12,
        decimal_places=4,
        validators=[NOT_NEGATIVE],
    )
    api_output_price = models.DecimalField(
        _("at an API: a million tokens out"),
        null=True,
        blank=True,
        max_digits=12,
        decimal_places=4,
        validators=[NOT_NEGATIVE],
    )

    missing_since = models.DateTimeField(_("no longer listed since"), null=True, editable=False)  # by its upstream

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["-is_default", "name", "priority", "id"]
        constraints = [models.UniqueConstraint(fields=["upstream", "model", "name"], name="deployment_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        if self.is_default:  # there is one of a kind
            Deployment.objects.filter(kind=self.kind, is_default=True).exclude(pk=self.pk).update(is_default=False)

    def clean(self) -> None:
        if Alias.objects.filter(name=self.name).exists():
            raise ValidationError({"name": _("An alias has this name already.")})
        if self.namesakes().exclude(kind=self.kind).exists():
            raise ValidationError({"name": _("A deployment of another kind has this name: only like can share calls.")})
        if self.fallback:
            self._check_fallback(self.fallback)

    def namesakes(self) -> models.QuerySet["Deployment"]:
        """The others of its public name."""
        return Deployment.objects.filter(name=self.name).exclude(pk=self.pk)

    def _check_fallback(self, fallback: "Deployment") -> None:
        if fallback.kind != self.kind:
            raise ValidationError(_("What answers in its stead has to be of the same kind."))
        after: Deployment | None = fallback
        names = {self.name}
        while after:
            if after.pk == self.pk or after.name in names:
                raise ValidationError(_("What answers in its stead leads back to the same name."))
            names.add(after.name)
            after = after.fallback


class Alias(models.Model):
    """Another name under which a model answers."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    target = models.CharField(_("public name"), max_length=200, help_text=_("Of the deployments that answer."))

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} → {self.target}"

    def clean(self) -> None:
        if Deployment.objects.filter(name=self.name).exists():
            raise ValidationError({"name": _("A deployment has this name already.")})
        if not Deployment.objects.filter(name=self.target).exists():
            raise ValidationError({"target": _("No deployment has this name.")})
