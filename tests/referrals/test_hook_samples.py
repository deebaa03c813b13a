"""A call that came, kept as a sample: its form, and nobody's name."""

from referrals.hooks.samples import sample_of


def test_a_sample_keeps_what_happened_and_no_name_of_a_user_in_the_same_form():
    call = {"type": "order.paid", "owner": "mario.rossi", "amount": "12.50", "currency": "EUR"}

    assert sample_of(call) == {"type": "order.paid", "owner": "text", "amount": "12.50", "currency": "EUR"}
