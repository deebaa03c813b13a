import pytest
from django.conf import settings

from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", ["xx", "xx-CH, en;q=0.5", ""])
def test_a_page_that_has_no_words_in_a_language_is_english_as_a_whole(client, asked):
    program = ProgramFactory()

    page = client.get(f"/p/{program.slug}/refer/", headers={"accept-language": asked})

    assert page.headers["Content-Language"] == "en"
    assert '<html lang="en"' in page.text


@pytest.mark.parametrize("language", settings.TRANSLATED)
def test_a_page_is_in_the_language_that_its_reader_asks_for(client, language):
    program = ProgramFactory()

    page = client.get(f"/p/{program.slug}/refer/", headers={"accept-language": f"{language}, en;q=0.5"})

    assert page.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in page.text
    assert ("What happens next" in page.text) is (language == "en")


@pytest.mark.parametrize("language", settings.TRANSLATED)
def test_a_form_refuses_in_the_language_of_its_page(client, language):
    program = ProgramFactory()

    page = client.post(f"/p/{program.slug}/refer/", {}, headers={"accept-language": language})

    assert ("Write your name, so that" in page.text) is (language == "en")
