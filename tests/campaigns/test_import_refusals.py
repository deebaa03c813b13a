"""Whoever wants no mail where they come from gets none here: files, each as its system writes them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Ask, Message, Suppression
from campaigns.tasks import read_files
from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Event
from tests.campaigns.test_admin_imports import boss, client, upload  # noqa: F401
from tests.factories import NOW, AdvocateFactory, AskFactory, MessageFactory

pytestmark = pytest.mark.django_db
NUMBER = "+390612345678"


@pytest.fixture
def run(tmp_path):
    def run(text, *options):
        path, out = tmp_path / "people.csv", StringIO()
        path.write_text(text)
        call_command("import_advocates", str(path), *options, stdout=out)
        return out.getvalue().strip()

    return run


def suppressed():
    return set(Suppression.objects.values_list("key", "program", "reason"))


@pytest.mark.parametrize(
    "text",
    [
        "Email,LEID,EUID,UNSUB_TIME,UNSUB_REASON\nanna@x.example,1,a,2026-03-04 10:11:12,NORMAL\nben@x.example,2,b,,\n",
        "Email Address,MEMBER_RATING,EUID,CLEAN_TIME\nanna@x.example,2,x,2025-01-01 00:00:00\nben@x.example,2,y,\n",
        "Email,Accepts Email Marketing,Total Spent\nanna@x.example,no,1\nben@x.example,yes,1\n",
        "Record ID,Email,Unsubscribed from all email\n1,anna@x.example,true\n2,ben@x.example,\n",
        "Record ID,Email,Marketing contact status\n1,anna@x.example,Non-marketing contact\n"
        "2,ben@x.example,Marketing contact\n",
        "Record ID,Email,Opted out of email: One to One,Opted out of email: News\n1,anna@x.example,,Yes\n"
        "2,ben@x.example,no,No\n",
        "Id,Email,HasOptedOutOfEmail\n1,anna@x.example,1\n2,ben@x.example,0\n",
        "Contact ID,Email,Email Opt Out\n1,anna@x.example,TRUE\n2,ben@x.example,FALSE\n",
        "Email,Date Created,IP Address,Status\nanna@x.example,,,Unsubscribed\nben@x.example,,,Active\n",
        "Email,Disiscritto\nanna@x.example,sì\nben@x.example,no\n",
        "Email,Désabonné\nanna@x.example,Oui\nben@x.example,Non\n",
        "Email,Отписан\nanna@x.example,да\nben@x.example,нет\n",
        "Email,Nieuwsbrief\nanna@x.example,nee\nben@x.example,ja\n",
    ],
)  # fmt: skip
def test_who_has_opted_out_where_they_come_from_gets_nothing(run, text):
    said = run(text)

    assert said.endswith("2 new advocates, 0 changed, 0 as they were; 0 tags put on. 1 want no mail.")
    assert suppressed() == {(email_key("anna@x.example"), None, "unsubscribed")}
    assert list(Event.objects.values_list("kind", "advocate__email", "data")) == [
        ("unsubscribed", "anna@x.example", {"unwanted": "email"})
    ]
    assert "0 tags put on. 1 want no mail. 1 get nothing from us already." in run(text)
    assert (Event.objects.count(), Suppression.objects.count()) == (1, 1)


def test_no_text_messages_is_not_no_mail(run):
    anna = AdvocateFactory(email="anna@x.example", phone=NUMBER)
    ask = AskFactory(advocate=anna)
    texted = MessageFactory(advocate=anna, channel="sms", to_address=NUMBER, to_key=phone_key(NUMBER))
    mailed = MessageFactory(advocate=anna, to_address=anna.email)

    said = run("Email,Accepts Email Marketing,Accepts SMS Marketing\nanna@x.example,yes,no\n")

    assert said.endswith("1 want no text messages.")
    assert suppressed() == {(phone_key(NUMBER), None, "unsubscribed")}
    assert list(Event.objects.values_list("kind", flat=True)) == ["preferences.changed"]
    statuses = dict(Message.objects.values_list("pk", "status"))
    assert (statuses[texted.pk], statuses[mailed.pk]) == ("withheld", "queued")
    assert Ask.objects.get(pk=ask.pk).ended_at is None


def test_an_import_never_lets_us_write_to_somebody_again(run):
    Suppression.objects.create(key=email_key("anna@x.example"), reason="complained", created_at=NOW)

    run("Email,Accepts Email Marketing\nanna@x.example,yes\n")

    assert suppressed() == {(email_key("anna@x.example"), None, "complained")}


def test_a_word_that_may_mean_either_is_refused_with_its_row(run):
    with pytest.raises(
        CommandError, match="Row 3, Unsubscribed: “perhaps” says neither yes nor no, nor a day."
    ):
        run("Email,Unsubscribed\nanna@x.example,no\nben@x.example,perhaps\n")

    assert not Advocate.objects.exists()


def test_the_page_counts_who_wants_nothing_before_anything_is_kept(client):  # noqa: F811
    Suppression.objects.create(key=email_key("ben@x.example"), reason="by_hand", created_at=NOW)
    AdvocateFactory(email="ben@x.example")
    AdvocateFactory(email="anna@x.example")
    url = upload(client, "Email,Opt out\nanna@x.example,yes\nben@x.example,\n").url

    read_files()
    page = client.get(url)
    assert page.context["tiles"] == [
        ("new", 0), ("changed", 0), ("as they are", 2), ("refused", 0), ("want no mail", 1),
        ("get nothing from us already", 1),
    ]  # fmt: skip
    assert not page.context["nothing"]
    assert (Event.objects.count(), Suppression.objects.count()) == (0, 1)

    client.post(url, {"import": "1"})
    read_files()
    assert Suppression.objects.count() == 2


def test_refusals_ask_as_often_for_fifty_as_for_one(run, django_assert_max_num_queries):
    counts = []
    for start, rows in ((0, 1), (100, 50)):
        text = "Email,Opt out\n" + "".join(f"c{n}@x.example,yes\n" for n in range(start, start + rows))
        with django_assert_max_num_queries(75) as seen:
            run(text)
        counts.append(len(seen))

    assert counts[0] == counts[1]
    assert Suppression.objects.count() == 51
