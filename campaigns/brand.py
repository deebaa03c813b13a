"""A program's brand colour as an accent that can be read: WCAG contrast, corrected when it fails."""

from typing import NamedTuple

Colour = tuple[int, int, int]

BODY, TEXT = 7.0, 4.5
STEPS = 100


class Surface(NamedTuple):
    """What the accent stands on, as in tokens.css; where to a colour that fails moves; how strong tints are."""

    paper: Colour
    sheet: Colour
    ink: Colour
    towards: Colour
    soft: float


class Accent(NamedTuple):
    """``accent`` for links, buttons and marks; ``on`` for words on it; ``soft`` a tint to put text on."""

    accent: Colour
    on: Colour
    soft: Colour


LIGHT = Surface((0xFB, 0xFA, 0xF7), (0xFF, 0xFF, 0xFF), (0x1D, 0x1B, 0x18), towards=(0, 0, 0), soft=0.09)
DARK = Surface((0x17, 0x16, 0x13), (0x20, 0x1E, 0x1B), (0xF0, 0xED, 0xE6), towards=(255, 255, 255), soft=0.18)


def read_colour(text: str) -> Colour:
    """``#0b6e4f`` as red, green and blue."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def write_colour(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one`` with ``share`` (0 to 1) of ``other`` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2 defines it, 0 to 1."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio as WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def accent_on(surface: Surface, brand: Colour) -> Accent:
    """The colour nearest to ``brand`` that can be read on this surface, and what goes with it."""
    for step in range(STEPS):
        colour = mix(brand, surface.towards, step / STEPS)
        accent = Accent(colour, surface.paper, mix(surface.paper, colour, surface.soft))
        if _is_readable(accent, surface):
            return accent
    return Accent(surface.ink, surface.paper, surface.sheet)


def _is_readable(accent: Accent, surface: Surface) -> bool:
    grounds = (surface.paper, surface.sheet, accent.soft)
    return all(contrast(accent.accent, ground) >= TEXT for ground in grounds) and (
        contrast(surface.ink, accent.soft) >= BODY
    )


def brand_css(brand: str) -> str:
    """The stylesheet that dresses every page in the brand colour, for light and dark."""
    light, dark = (_variables(accent_on(surface, read_colour(brand))) for surface in (LIGHT, DARK))
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _variables(accent: Accent) -> str:
    names = {"--accent": accent.accent, "--on-accent": accent.on, "--accent-soft": accent.soft}
    return ";".join(f"{name}:{write_colour(colour)}" for name, colour in names.items())
