from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("referrals", "0028_let_advocates_be_forgotten"),
    ]

    # What was counted in windows of a minute to a day means nothing to a bucket; it begins full.
    operations = [
        migrations.DeleteModel(name="Limit"),
        migrations.CreateModel(
            name="Limit",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("full_at", models.BigIntegerField(db_index=True, verbose_name="full again")),
                ("one_in", models.BigIntegerField(verbose_name="one drop takes")),
                ("all_in", models.BigIntegerField(verbose_name="all of it takes")),
                ("is_refused", models.BooleanField(verbose_name="refused the last one")),
            ],
        ),
    ]
