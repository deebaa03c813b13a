import pytest

from campaigns.models import MessageTemplate
from campaigns.services.bank import load_bank, read_bank
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


def test_the_bank_is_made_equal_to_its_files():
    ours = MessageTemplate.objects.filter(program=None)
    ours.filter(purpose="welcome").update(body="Changed by hand")
    ours.filter(purpose="invitation").delete()
    MessageTemplate.objects.create(purpose="welcome", language="nl", body="No such file")

    load_bank()

    words = {(t.purpose, t.channel, t.language): t.body for t in read_bank()}
    assert {(t.purpose, t.channel, t.language): t.body for t in ours.all()} == words


def test_loading_it_again_changes_nothing_and_writes_no_history(django_assert_num_queries):
    before = set(MessageTemplate.objects.values_list("pk", "body"))

    with django_assert_num_queries(3):
        load_bank()

    assert set(MessageTemplate.objects.values_list("pk", "body")) == before
    assert MessageTemplate.history.count() == 0


def test_a_programs_own_words_are_left_alone():
    own = MessageTemplate.objects.create(program=ProgramFactory(), purpose="welcome", body="Own")

    load_bank()

    own.refresh_from_db()
    assert own.body == "Own"
