"""Assistants: instructions, a model and collections under a name, for oneself and for others.

An assistant widens no right. Whoever asks it is answered by a model that is offered to them and from collections that
they may see themselves, as they are at that moment; what is left out is counted and said.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.exceptions import UnknownAssistant
from chat.offered import Offered, OfferedQuerySet
from gateway.models import Deployment
from rag.models import Collection, CollectionQuerySet

PREFIX = "assistant/"  # before the slug, where an assistant stands among models
INSTRUCTIONS = 8_000  # characters: a small model's context has to take them, with sources and conversation
STARTERS, STARTER_LENGTH = 6, 200
SLUG = 60


class Assistant(Offered):
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(max_length=SLUG + 10, unique=True, editable=False)
    description = models.CharField(
        _("description"),
        max_length=500,
        blank=True,
        help_text=_("What it is good for: everyone who may use it reads it."),
    )
    instructions = models.TextField(
        _("instructions"),
        max_length=INSTRUCTIONS,
        blank=True,
        help_text=_("What it is to do and how, in your words. Everyone who may use it can read them."),
    )
    model = models.CharField(_("model"), max_length=200, blank=True)
    temperature = models.FloatField(
        _("temperature"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
        help_text=_("From 0 (always the likeliest word) to 2. Empty: as set for the model."),
    )
    starters = ArrayField(
        models.CharField(max_length=STARTER_LENGTH), default=list, blank=True, verbose_name=_("starter questions")
    )
    collections = models.ManyToManyField(
        "rag.Collection", blank=True, related_name="assistants", verbose_name=_("collections")
    )

    objects = OfferedQuerySet.as_manager()

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("chat:assistant", args=[self.id])

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The slug is given once and stays, since scripts call the assistant by it."""
        if self.slug:
            super().save(*args, **kwargs)
            return
        plain = slugify(self.name)[:SLUG].strip("-") or "assistant"
        self.slug = plain
        try:
            with transaction.atomic():
                super().save(*args, **kwargs)
        except IntegrityError:  # taken, maybe by one that this person may not even see
            self.slug = f"{plain}-{secrets.token_hex(3)}"
            super().save(*args, **kwargs)

    @property
    def public_name(self) -> str:
        return PREFIX + self.slug

    def collections_for(self, user: User) -> CollectionQuerySet:
        visible = Collection.objects.visible_to(user).knowledge().valid()
        return visible.filter(id__in=self.collections.values("id"))

    def seen_by(self, user: User) -> "Seen":
        collections = list(self.collections_for(user))
        offered = Deployment.objects.offered_to(user, Deployment.Kind.CHAT)
        is_there = (offered.filter(name=self.model) if self.model else offered).exists()
        return Seen(self, collections, self.collections.count() - len(collections), is_there)


@dataclass(frozen=True)
class Seen:
    """An assistant as one person finds it."""

    assistant: Assistant
    collections: list[Collection]
    left_out: int  # collections of it that are not shared with the person, or no longer valid
    has_model: bool


def named(user: User, name: str) -> Assistant | None:
    """The assistant of that public name; None for the name of a model. Raises `UnknownAssistant`."""
    if not name.startswith(PREFIX):
        return None
    if Deployment.objects.offered_to(user, Deployment.Kind.CHAT).filter(name=name).exists():
        return None  # a model that is called so was there first
    found: Assistant | None = Assistant.objects.visible_to(user).filter(slug=name.removeprefix(PREFIX)).first()
    if found is None:
        raise UnknownAssistant
    return found
