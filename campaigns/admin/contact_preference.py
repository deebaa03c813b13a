from django.utils.translation import gettext as _

from campaigns.models import ContactPreference
from referrals.admin.cells import moment
from referrals.admin.scoped import Panel
from referrals.models import Advocate


def choices_panel(advocate: Advocate) -> Panel:
    """What somebody chose to hear from us; only they change it."""
    chosen = ContactPreference.objects.of(advocate)
    row = (
        ", ".join(str(topic.label) for topic in chosen.topics) or _("nothing"),
        chosen.get_way_display(),
        chosen.get_often_display(),
        moment(chosen.paused_until) or "–",
        moment(chosen.changed_at),
    )
    return Panel(
        _("What they want to hear"),
        (_("Topics"), _("How"), _("How often"), _("Paused until"), _("Chosen")),
        [row] if chosen.pk else [],
        _("They have chosen nothing, and get everything as usual."),
    )
