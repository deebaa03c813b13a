import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.models import Question
from referrals.models.profile import fit_score

lines = st.text(alphabet="ab=0123456789²-٣ \n", max_size=60)
questions = st.builds(
    Question,
    id=st.integers(1, 5),
    kind=st.sampled_from(Question.Kind.values),
    choices=lines,
    points=st.integers(0, 32767),
)


@given(
    st.lists(questions, max_size=5, unique_by=lambda question: question.pk),
    st.dictionaries(st.sampled_from("12345"), st.sampled_from(["yes", "no", "a", "b", ""]) | st.text()),
)
def test_whatever_is_asked_and_answered_the_fit_is_a_percentage(asked, answers):
    score = fit_score(asked, answers)

    assert score is None or 0 <= score <= 100


@given(lines)
def test_whatever_stands_in_the_choices_is_read_as_answers(choices):
    for answer in Question(kind="choice", choices=choices).answers:
        assert answer.label == answer.label.strip() != ""
        assert answer.points >= 0


@pytest.mark.parametrize(
    ("answers", "fit"),
    [({"1": "yes", "2": "more"}, 100), ({"1": "yes"}, 40), ({"1": "no", "2": "few"}, 20), ({}, 0)],
)
def test_the_fit_is_points_given_over_points_possible(answers, fit):
    asked = [
        Question(id=1, kind="yes_no", points=2),
        Question(id=2, kind="choice", choices="few = 1\nmore = 3"),
        Question(id=3, kind="text"),
    ]

    assert fit_score(asked, answers) == fit


def test_without_points_there_is_no_fit():
    assert fit_score([Question(id=1, kind="text")], {"1": "yes"}) is None
