import json
import secrets
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse
from django.utils import timezone

from campaigns.demo.telling import found_demo
from campaigns.models import SurveyResponse
from config import serving
from referrals.models import Enrolment, Program
from referrals.tokens import ALPHABET

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Prepares everything, shows where to go and how to sign in, and serves until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *args: Any, **options: Any) -> None:
        serving.check_port(HOST, options["port"])
        serving.check_services()
        serving.let_links_follow(options["port"])
        self.stdout.write("Preparing the database …")
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        serving.prepare()
        if not User.objects.filter(is_superuser=True).exists():
            self._begin(demo=not options["no_demo"])
        self.stdout.write("\n".join(_where_to_go()))
        serving.serve(HOST, options["port"])

    def _begin(self, *, demo: bool) -> None:
        password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
        if demo and not Program.objects.exists():
            self.stdout.write("Inventing a company with two months of its program …")
            found_demo(password=password, now=timezone.now())
        else:
            _create_manager(password)
        path = _note()
        path.touch(mode=0o600)
        staff = User.objects.filter(is_staff=True).order_by("pk")
        path.write_text(json.dumps({user.email: password for user in staff}))


def _create_manager(password: str) -> None:
    email = "manager@company.example"
    user = User.objects.create_superuser("manager", email, password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)


def _note() -> Path:
    """Where the first passwords stand, for the next time somebody asks; readable by the owner alone."""
    path: Path = settings.VAR_DIR / "first_sign_in.json"
    return path


def _where_to_go() -> list[str]:
    lines = ["", f"  {settings.BASE_URL} – Ctrl-C stops it, the same command starts it again.", ""]
    enrolment = Enrolment.objects.filter(program__status=Program.Status.LIVE).order_by("pk").first()
    if enrolment:
        lines += [
            _line("The program", enrolment.program.get_absolute_url()),
            _line(f"Refer a friend, as {enrolment.advocate}", enrolment.personal_path),
            _line(f"What a friend of {enrolment.advocate.first_name} sees", enrolment.share_path),
        ]
    if asked := SurveyResponse.objects.waiting().select_related("enrolment__advocate").order_by("pk").first():
        path = reverse("survey", args=[asked.token])
        lines += [_line(f"A survey, as {asked.enrolment.advocate}", path)]
    lines += [_line("Back office", reverse("admin:index"))]
    if not settings.MAIL_LEAVES:
        lines += [_line("Every mail, kept here", reverse("admin:campaigns_message_changelist"))]
    return [*lines, "", "  Sign in with", *_sign_in(), ""]


def _line(what: str, path: str) -> str:
    return f"  {what:<32} {settings.BASE_URL}{path}"


def _sign_in() -> list[str]:
    first = json.loads(_note().read_text()) if _note().exists() else {}
    lines = []
    for user in User.objects.filter(email__in=first, is_active=True).order_by("pk"):
        password = first[user.email] if user.check_password(first[user.email]) else "the password you chose"
        role = user.memberships.first()
        what = role.get_role_display() if role else "manager"
        lines.append(f"    {user.email:<30} {password:<24} {what}")
    return lines or ["    your own account (manage.py createsuperuser makes one)"]
