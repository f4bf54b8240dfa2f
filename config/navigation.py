"""How the panel looks, and what its sidebar leads to: each page for those who may see it."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _panel_link(title: Promise, icon: str, page: str) -> dict[str, object]:
    permission = page.replace("_", ".view_", 1)
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{page}_changelist"),
        "permission": lambda request: request.user.has_perm(permission),
    }


RECORDS = reverse_lazy("records")
UNFOLD = {
    "SITE_TITLE": "Voliere",
    "SITE_HEADER": "Voliere",
    "SITE_URL": "/",
    "SITE_SYMBOL": "raven",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/voliere.svg")}],
    "STYLES": [lambda _request: static("css/panel.css")],
    "DASHBOARD_CALLBACK": "config.dashboard.overview",
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "#effaf8",
            "100": "#d8f1ed",
            "200": "#b4e3dc",
            "300": "#83cfc4",
            "400": "#4db3a7",
            "500": "#2b968b",
            "600": "#0b6b63",
            "700": "#0a5a54",
            "800": "#0a4944",
            "900": "#0b3c39",
            "950": "#042422",
        }
    },
    "SIDEBAR": {
        "navigation": [
            {"items": [{"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
            {
                "title": _("Models"),
                "items": [
                    _panel_link(_("Upstreams"), "dns", "gateway_upstream"),
                    _panel_link(_("Deployments"), "smart_toy", "gateway_deployment"),
                    _panel_link(_("Aliases"), "alt_route", "gateway_alias"),
                    _panel_link(_("Quotas"), "speed", "gateway_quota"),
                    _panel_link(_("API keys"), "key", "gateway_apikey"),
                    _panel_link(_("Webhooks"), "webhook", "gateway_webhook"),
                    _panel_link(_("Deliveries"), "outgoing_mail", "gateway_delivery"),
                    _panel_link(_("Usage"), "bar_chart", "gateway_usage"),
                    _panel_link(_("Energy and cost"), "bolt", "gateway_energyhour"),
                    _panel_link(_("Power of the house"), "electric_meter", "gateway_energyrules"),
                    {"title": _("Opinions"), "icon": "thumbs_up_down", "link": reverse_lazy("opinions")},
                ],
            },
            {
                "title": _("People"),
                "items": [
                    _panel_link(_("Users"), "person", "accounts_user"),
                    _panel_link(_("Teams"), "group", "accounts_team"),
                    _panel_link(_("Invitations"), "mail", "accounts_invitation"),
                    _panel_link(_("Sign-in"), "login", "accounts_houserules"),
                    _panel_link(_("Privacy notice"), "policy", "accounts_notice"),
                    _panel_link(_("Identity providers"), "badge", "accounts_identityprovider"),
                    _panel_link(_("Break-glass"), "gavel", "accounts_breakglass"),
                    _panel_link(_("Audit log"), "history", "accounts_auditevent"),
                ],
            },
            {
                "title": _("This house"),
                "items": [
                    {"title": _("Settings in force"), "icon": "tune", "link": reverse_lazy("effective-settings")},
                ],
            },
            {
                "title": _("Data protection"),
                "items": [
                    _panel_link(_("Retention"), "auto_delete", "accounts_retentionrule"),
                    _panel_link(_("Legal holds"), "gavel", "accounts_legalhold"),
                    _panel_link(_("Erasures"), "person_off", "accounts_erasure"),
                    {**_panel_link(_("Records of processing"), "menu_book", "accounts_controller"), "link": RECORDS},
                    _panel_link(_("Controller"), "apartment", "accounts_controller"),
                ],
            },
            {
                "title": _("Knowledge"),
                "items": [
                    _panel_link(_("Collections"), "folder_open", "rag_collection"),
                    _panel_link(_("Documents"), "description", "rag_document"),
                    {
                        "title": _("Jobs"),
                        "icon": "pending_actions",
                        "link": reverse_lazy("jobs"),
                        "permission": lambda request: request.user.has_perm("rag.view_document"),
                    },
                    _panel_link(_("Embedding models"), "hub", "rag_embeddingindex"),
                ],
            },
        ]
    },
}
