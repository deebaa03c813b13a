from django.db import models

from referrals.models import Program


class ToldShortage(models.Model):
    """Something that runs out, of which its managers know: they are told once, and once more when it is gone."""

    class Stage(models.IntegerChoices):
        SOON = 1
        GONE = 2

    program = models.ForeignKey(Program, models.CASCADE, related_name="+")
    # Which pool, stock or budget, as "incentive:5", "budget:7", "end:7".
    what = models.CharField(max_length=40, unique=True)
    stage = models.PositiveSmallIntegerField(choices=Stage)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.what
