"""Russian dates where Django's own are not Russian: “4 марта”, not “4 Март”."""

MONTH_DAY_FORMAT = "j E"
