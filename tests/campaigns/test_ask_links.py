"""The link of a round: short enough for a text message in any alphabet, and good for as long as it was promised."""

import pytest
from django.core.signing import Signer

from campaigns.models import MessageChannel, Purpose
from campaigns.services.asks import record_click, sign, way_to_answer
from campaigns.services.notices import to_advocate
from campaigns.services.texting import text_parts
from campaigns.services.words import render
from tests.factories import AskFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
ASKED = (Purpose.ASK, Purpose.ASK_FOLLOW_UP, Purpose.ASK_LAST)


@pytest.mark.parametrize("language", ["en", "it", "ru", "es", "nl", "fr"])
@pytest.mark.parametrize("purpose", ASKED)
def test_a_text_that_asks_leaves_whatever_the_alphabet(purpose, language, settings):
    settings.BASE_URL = "https://empfehlen.company.example"
    place = EnrolmentFactory(
        advocate__name="Łukasz Иванов", advocate__language=language, program__company="Sun & Light"
    )
    ask = AskFactory(pk=1_234_567, advocate=place.advocate, plan__program=place.program)
    message = to_advocate(purpose, place, link=way_to_answer(purpose, place, ask=ask))
    message.channel, message.program = MessageChannel.SMS, place.program

    assert text_parts(render(message).text) <= 5


def test_links_of_before_count_as_well_and_none_that_somebody_made_up(now):
    ask = AskFactory()
    long = Signer(salt="ask").sign(str(ask.pk))

    assert len(sign(ask.pk)) < len(long) - 30
    for made_up in (f"{ask.pk}:", f"{ask.pk}:abc", f"{sign(ask.pk)}x", sign(ask.pk + 1), long[:-5]):
        assert not record_click(made_up, ask.advocate_id, now=now)
    assert record_click(long, ask.advocate_id, now=now)
