import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from campaigns.brand import DARK, LIGHT, accent_on, contrast, mix, read_colour, write_colour
from tests.factories import ProgramFactory

colours = st.tuples(*[st.integers(0, 255)] * 3)
both_surfaces = pytest.mark.parametrize("surface", [LIGHT, DARK], ids=["light", "dark"])


@both_surfaces
@given(brand=colours)
def test_whatever_the_brand_colour_everything_can_be_read(surface, brand):
    accent, on, soft = accent_on(surface, brand)

    assert contrast(accent, surface.paper) >= 4.5
    assert contrast(accent, surface.sheet) >= 4.5
    assert contrast(accent, soft) >= 4.5
    assert contrast(on, accent) >= 4.5
    assert contrast(surface.ink, soft) >= 7


@both_surfaces
@given(brand=colours)
def test_a_colour_that_can_be_read_stays_as_it_is(surface, brand):
    accent = accent_on(surface, brand).accent

    assert accent_on(surface, accent).accent == accent


def test_black_on_white_is_twenty_one_to_one():
    assert contrast((0, 0, 0), (255, 255, 255)) == 21
    assert round(contrast(read_colour("#767676"), (255, 255, 255)), 2) == 4.54


@given(colours, colours)
def test_contrast_is_the_same_both_ways(one, other):
    assert contrast(one, other) == contrast(other, one)


@given(colours)
def test_a_colour_is_read_as_it_was_written(colour):
    assert read_colour(write_colour(colour)) == colour
    assert mix(colour, (0, 0, 0), 0) == colour


@both_surfaces
def test_the_maths_and_the_stylesheet_mean_the_same_paper(surface):
    css = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    half = css.partition("@media (prefers-color-scheme: dark)")[2 if surface is DARK else 0]

    for name in ("paper", "sheet", "ink"):
        assert re.search(rf"--{name}: (#\w+)", half)[1] == write_colour(getattr(surface, name))


@both_surfaces
def test_every_colour_of_ours_can_be_read(surface):
    css = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    half = css.partition("@media (prefers-color-scheme: dark)")[2 if surface is DARK else 0]
    colour = {name: read_colour(value) for name, value in re.findall(r"--([\w-]+): (#\w{6})", half)}

    assert contrast(colour["ink"], colour["paper"]) >= 7
    assert contrast(colour["quiet"], colour["paper"]) >= 7
    for ground in ("good", "warning", "bad"):
        assert contrast(colour[ground], colour[f"{ground}-soft"]) >= 4.5
        assert contrast(colour["ink"], colour[f"{ground}-soft"]) >= 7


@pytest.mark.django_db
def test_the_brand_stylesheet_is_kept_for_a_year_under_its_colour(client, django_assert_num_queries):
    ProgramFactory(slug="acme", brand_color="#0b6e4f")

    with django_assert_num_queries(1):
        response = client.get("/p/acme/brand.css?c=0b6e4f")

    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "--accent:#0b6e4f" in response.text
    again = client.get("/p/acme/brand.css?c=0b6e4f", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.django_db
def test_another_colour_in_the_address_is_not_kept_for_long(client):
    ProgramFactory(slug="acme", brand_color="#0b6e4f")

    assert client.get("/p/acme/brand.css?c=ffffff")["Cache-Control"] == "public, max-age=300"


@pytest.mark.django_db
def test_no_program_no_stylesheet_and_nothing_is_written(client):
    assert client.get("/p/nobody/brand.css").status_code == 404
    assert client.post("/p/nobody/brand.css").status_code == 405
