"""What a person chooses for themselves: columns of the user, and attributes of every page."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Preferences(models.Model):
    class Theme(models.TextChoices):
        SYSTEM = "system", _("Like the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class TextSize(models.IntegerChoices):
        NORMAL = 100, _("Normal")
        LARGER = 115, _("Larger")
        LARGE = 130, _("Large")
        LARGEST = 150, _("Largest")

    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: as the browser asks."))
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    text_size = models.PositiveSmallIntegerField(_("text size"), choices=TextSize, default=TextSize.NORMAL)
    instructions = models.TextField(
        _("your instructions"),
        max_length=2_000,
        blank=True,
        help_text=_(
            "Given to the model with each question, in temporary chats too: who you are, how answers should be."
        ),
    )
    whole_answers = models.BooleanField(
        _("show an answer only when it is complete"),
        default=False,
        help_text=_("Instead of word by word. Calmer to read, better with a screen reader and on a slow line."),
    )
    notifies = models.BooleanField(
        _("notify me when an answer is ready"),
        default=False,
        help_text=_("While another tab or window is in front. The browser asks for your permission once."),
    )
    single_keys = models.BooleanField(
        _("shortcuts of a single key"),
        default=True,
        help_text=_("Such as “?” for the list of them. They never work while you are writing."),
    )
    remembers = models.BooleanField(_("memory"), default=False)
    steps_put_away = models.BooleanField(default=False, editable=False, help_text="the first steps, in the panel")

    class Meta:
        abstract = True
