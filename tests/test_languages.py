from collections.abc import Iterator
from datetime import date

import pytest
from django.conf import settings as configured
from django.utils.formats import date_format
from django.utils.translation import activate, override

from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_next_test_speaks_english() -> Iterator[None]:
    """A request leaves its language behind in the thread, which the next request of a real visitor replaces."""
    yield
    activate(configured.LANGUAGE_CODE)


@pytest.mark.parametrize("asked", ["it", "ru", "fr-CH, en;q=0.5", "xx", ""])
def test_a_page_is_in_one_language_when_there_are_no_words_for_another(client, settings, asked):
    settings.TRANSLATED = ["en"]
    program = ProgramFactory()

    page = client.get(f"/p/{program.slug}/refer/", headers={"accept-language": asked})

    assert page.headers["Content-Language"] == "en"
    assert '<html lang="en"' in page.text


def test_a_form_refuses_in_the_language_of_its_page(client, settings):
    settings.TRANSLATED = ["en"]
    program = ProgramFactory()

    page = client.post(f"/p/{program.slug}/refer/", {}, headers={"accept-language": "it"})

    assert "obbligatorio" not in page.text


@pytest.mark.parametrize(
    ("language", "button"),
    [
        ("es", "Enviar mi recomendación"),
        ("fr", "Envoyer ma recommandation"),
        ("it", "Invia il mio consiglio"),
        ("nl", "Verstuur mijn aanbeveling"),
        ("ru", "Отправить рекомендацию"),
    ],
)
def test_a_page_speaks_the_language_of_whoever_reads_it(client, language, button):
    program = ProgramFactory()

    page = client.get(f"/p/{program.slug}/refer/", headers={"accept-language": language})

    assert page.headers["Content-Language"] == language
    assert button in page.text
    assert "Send my recommendation" not in page.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "March 4"),
        ("es", "4 de marzo"),
        ("fr", "4 mars"),
        ("it", "4 marzo"),
        ("nl", "4 maart"),
        ("ru", "4 марта"),
    ],
)
def test_a_day_is_said_as_its_language_says_it(language, said):
    with override(language):
        assert date_format(date(2026, 3, 4), "MONTH_DAY_FORMAT").lower() == said.lower()


def test_the_back_office_says_plainly_what_was_done(admin_client):
    program = ProgramFactory()
    page, typed = "/admin/rewards/charity/", {"program": program.pk, "name": "Doctors", "is_active": "on"}

    added = admin_client.post(f"{page}add/", typed, follow=True)
    charity = program.charities.get()
    changed = admin_client.post(f"{page}{charity.pk}/change/", typed, follow=True)

    assert "was added." in added.text
    assert "was changed." in changed.text
    assert "successfully" not in added.text + changed.text
