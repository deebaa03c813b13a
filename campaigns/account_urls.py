"""Which of allauth's pages are open, and to whom: advocates sign in and out, the rest is for staff.

Not here, and so not there: adding addresses, which would mail whomever an advocate names.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import path, re_path

View = Callable[..., HttpResponseBase]


def staff_only(view: View) -> View:
    """The view, which for a signed-in advocate does not exist."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapper


def _staff_path(route: str, view: View, name: str) -> Any:
    return path(route, staff_only(view), name=name)


urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("login/code/", account.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", account.confirm_login_code, name="account_confirm_login_code"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    _staff_path("reauthenticate/", account.reauthenticate, "account_reauthenticate"),
    _staff_path("password/change/", account.password_change, "account_change_password"),
    _staff_path("password/set/", account.password_set, "account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    _staff_path("2fa/", mfa.index, "mfa_index"),
    _staff_path("2fa/reauthenticate/", mfa.reauthenticate, "mfa_reauthenticate"),
    _staff_path("2fa/totp/activate/", totp.activate_totp, "mfa_activate_totp"),
    _staff_path("2fa/totp/deactivate/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _staff_path("2fa/recovery-codes/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _staff_path("2fa/recovery-codes/generate/", codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _staff_path("2fa/recovery-codes/download/", codes.download_recovery_codes, "mfa_download_recovery_codes"),
    _staff_path("2fa/webauthn/", keys.list_webauthn, "mfa_list_webauthn"),
    _staff_path("2fa/webauthn/add/", keys.add_webauthn, "mfa_add_webauthn"),
    _staff_path("2fa/webauthn/reauthenticate/", keys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    _staff_path("2fa/webauthn/keys/<int:pk>/edit/", keys.edit_webauthn, "mfa_edit_webauthn"),
    _staff_path("2fa/webauthn/keys/<int:pk>/remove/", keys.remove_webauthn, "mfa_remove_webauthn"),
]
