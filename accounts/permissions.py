from typing import Any

from django.contrib.auth.backends import BaseBackend

from accounts.roles import seen_in_panel


class RoleBackend(BaseBackend):
    """Lets Django's `has_perm`, which the panel asks, go by `accounts.roles`. Of an admin it is not even asked."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        app, _dot, name = perm.partition(".")
        action, _dash, model = name.partition("_")
        return action == "view" and f"{app}.{model}" in seen_in_panel(user_obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return any(each.startswith(f"{app_label}.") for each in seen_in_panel(user_obj))

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return {each.replace(".", ".view_") for each in seen_in_panel(user_obj)}
