"""The admin's look and its navigation."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def admin_link(title: Any, icon: str, app: str, model: str) -> dict[str, Any]:
    """An entry of the admin's navigation, for those who may view what it leads to."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{model}"),
    }


def admin_group(title: Any, *links: dict[str, Any]) -> dict[str, Any]:
    """Entries of the navigation under one heading."""
    return {"title": title, "items": list(links)}


UNFOLD = {
    "SITE_TITLE": "Sluice",
    "SITE_HEADER": "Sluice",
    "SITE_URL": "/",
    "SITE_ICON": lambda _request: static("favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "href": lambda _request: static("favicon.svg")}],
    "SHOW_LANGUAGES": True,
    "COLORS": {
        "primary": {
            "50": "240 253 250",
            "100": "204 251 241",
            "200": "153 246 228",
            "300": "94 234 212",
            "400": "45 212 191",
            "500": "20 184 166",
            "600": "13 148 136",
            "700": "15 118 110",
            "800": "17 94 89",
            "900": "19 78 74",
            "950": "4 47 46",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            admin_group(
                _("Imports and datasets"),
                admin_link(_("Datasets"), "table", "imports", "dataset"),
                admin_link(_("Imports"), "file_open", "imports", "import"),
                admin_link(_("Refused cells"), "block", "imports", "refusedcell"),
                admin_link(_("Events of datasets"), "history", "imports", "datasetevent"),
                admin_link(_("Uploads"), "upload_file", "uploads", "upload"),
                admin_link(_("Jobs"), "manufacturing", "jobs", "job"),
            ),
            admin_group(
                _("Calls to others"),
                admin_link(_("Connections"), "hub", "outbound", "connection"),
                admin_link(_("Calls"), "call_made", "outbound", "callrecord"),
                admin_link(_("Payments"), "payments", "payments", "payment"),
                admin_link(_("Payment gateways"), "account_balance", "payments", "gateway"),
            ),
            admin_group(
                _("Webhooks"),
                admin_link(_("Subscriptions"), "webhook", "webhooks", "subscription"),
                admin_link(_("Deliveries"), "outbox", "webhooks", "delivery"),
                admin_link(_("Sources"), "input", "webhooks", "source"),
                admin_link(_("Messages received"), "inbox", "webhooks", "received"),
                admin_link(_("Events"), "bolt", "outbox", "event"),
            ),
            admin_group(
                _("Screens"),
                admin_link(_("Screens"), "cast", "streaming", "screen"),
                admin_link(_("Links to screens"), "link", "streaming", "screenlink"),
                admin_link(_("Who watched"), "visibility", "streaming", "viewsession"),
            ),
            admin_group(
                _("Alerts"),
                admin_link(_("Alerts"), "notifications", "monitoring", "alert"),
                admin_link(_("Alert rules"), "rule_settings", "monitoring", "alertrule"),
            ),
            admin_group(
                _("Examples"),
                admin_link(_("Users (example)"), "waving_hand", "examples", "exampleuser"),
                admin_link(_("Posts"), "article", "examples", "post"),
                admin_link(_("Items"), "category", "examples", "item"),
                admin_link(_("Resources"), "deployed_code", "examples", "resource"),
            ),
            admin_group(
                _("Who may do what"),
                admin_link(_("API keys"), "key", "keys", "apikey"),
                admin_link(_("Users"), "person", "auth", "user"),
                admin_link(_("Groups"), "group", "auth", "group"),
                admin_link(_("Failed logins"), "lock_clock", "keys", "failedlogin"),
                admin_link(_("Audit trail"), "policy", "audit", "change"),
            ),
        ],
    },
}
