"""The back office of what we say: the brand voice, and what is said when in which language."""

import pytest
from django.urls import reverse

from campaigns.models import BrandVoice, MessageTemplate
from tests.cast import client_of, member_of, superuser
from tests.factories import BrandVoiceFactory, ProgramFactory

pytestmark = pytest.mark.django_db
OVERVIEW = reverse("admin:what-we-say")
VOICE = {
    "address": "formal",
    "tone": "plain",
    "signer": "Marta Bianchi",
    "signer_role": "care",
    "sign_off": "",
}


class TestVoice:
    def test_a_manager_gives_the_program_a_voice_and_reads_what_it_does(self):
        program = ProgramFactory()
        client = client_of(member_of(program))

        client.post(reverse("admin:campaigns_brandvoice_add"), {"program": program.pk, **VOICE})

        voice = BrandVoice.objects.get()
        page = client.get(reverse("admin:campaigns_brandvoice_change", args=[voice.pk]))
        assert page.context["summary"] == [
            "Readers are addressed so: Lei, usted, u, vous, вы.",
            "Letters end: Warm regards, Marta Bianchi, care",
        ]
        assert voice.history.get().tone == "plain"

    def test_it_stays_in_its_program(self):
        voice = BrandVoiceFactory()
        client = client_of(member_of(voice.program))
        url = reverse("admin:campaigns_brandvoice_change", args=[voice.pk])

        client.post(url, {"program": ProgramFactory().pk, **VOICE})

        assert list(BrandVoice.objects.values_list("program", "tone")) == [(voice.program_id, "plain")]

    def test_sales_read_it_and_another_programs_staff_do_not(self):
        voice = BrandVoiceFactory()
        url = reverse("admin:campaigns_brandvoice_change", args=[voice.pk])

        assert client_of(member_of(voice.program, "sales")).post(url, VOICE).status_code == 403
        assert client_of(member_of(ProgramFactory())).get(url).status_code == 404


class TestWhatWeSay:
    def test_every_occasion_says_whose_words_are_used_in_each_language(self):
        program = ProgramFactory()
        own = MessageTemplate.objects.create(program=program, purpose="welcome", body="Own")
        MessageTemplate.objects.create(program=ProgramFactory(), purpose="welcome", body="Foreign")

        page = client_of(member_of(program)).get(OVERVIEW)

        (line,) = [
            row for _, rows in page.context["groups"] for row in rows if "for buying" in row["purpose"]
        ]
        assert line["cells"][0]["url"] == reverse("admin:campaigns_messagetemplate_change", args=[own.pk])
        assert ">ours<" in line["cells"][0]["word"]

    def test_what_is_missing_in_a_language_is_counted_and_can_be_written(self):
        program = ProgramFactory()
        MessageTemplate.objects.filter(language="it", purpose="welcome").delete()
        client = client_of(member_of(program))

        page = client.get(OVERVIEW)

        (line,) = [
            row for _, rows in page.context["groups"] for row in rows if "for buying" in row["purpose"]
        ]
        assert ">missing<" in line["cells"][1]["word"]
        form = client.get(line["cells"][1]["url"]).context["adminform"].form
        assert (form.initial["purpose"], form.initial["language"]) == ("welcome", "it")
        assert {code: count for code, _, count in page.context["languages"]}["it"] >= 1

    def test_whoever_may_not_write_gets_no_way_to(self):
        program = ProgramFactory()
        MessageTemplate.objects.filter(language="it").delete()

        page = client_of(member_of(program, "sales")).get(OVERVIEW)

        urls = [c["url"] for _, rows in page.context["groups"] for row in rows for c in row["cells"]]
        assert "" in urls
        assert not [url for url in urls if "/add/" in url]

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_as_much_with_many_programs_as_with_one(self, count, django_assert_max_num_queries):
        for _ in range(count):
            MessageTemplate.objects.create(program=ProgramFactory(), purpose="welcome", body="Own")
        client = client_of(superuser())

        with django_assert_max_num_queries(8):
            client.get(OVERVIEW)
