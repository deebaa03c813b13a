import pytest

from campaigns.models import MessageTemplate
from campaigns.services import bank
from campaigns.services.bank import load_bank, read_bank
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


def words_by_occasion(templates):
    return {(t.purpose, t.contact_kind, t.channel, t.language, t.variant): t.body for t in templates}


def test_the_bank_is_made_equal_to_its_files():
    ours = MessageTemplate.objects.filter(program=None)
    ours.filter(purpose="welcome").update(body="Changed by hand")
    ours.filter(purpose="invitation").delete()
    MessageTemplate.objects.create(purpose="welcome", channel="chat", body="No such file")

    load_bank()

    assert words_by_occasion(ours.all()) == words_by_occasion(read_bank())


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


def test_a_files_name_says_for_which_occasion_and_two_forms_become_a_condition(tmp_path, monkeypatch):
    monkeypatch.setattr(bank, "FOLDER", tmp_path)
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "ask.past_customer.email-short.md").write_text(
        "Subject: [[Ti|Le]] viene in mente qualcuno?\n\n[[Conosci|Conosce]] qualcuno?", encoding="utf-8"
    )

    (found,) = bank.read_bank()

    occasion = (found.purpose, found.contact_kind, found.channel, found.language, found.variant)
    assert occasion == ("ask", "past_customer", "email", "it", "short")
    assert found.subject == "{% if formal %}Le{% else %}Ti{% endif %} viene in mente qualcuno?"
    assert found.body == "{% if formal %}Conosce{% else %}Conosci{% endif %} qualcuno?"


def test_no_words_of_the_bank_are_longer_than_their_column():
    """SQLite would store them all the same; PostgreSQL would store nothing."""
    limits = {
        name: MessageTemplate._meta.get_field(name).max_length for name in ("subject", "body", "variant")
    }

    assert [
        (row.language, row.purpose, name)
        for row in read_bank()
        for name, limit in limits.items()
        if len(getattr(row, name)) > limit
    ] == []
