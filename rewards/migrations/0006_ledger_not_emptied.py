"""PostgreSQL refuses to empty the ledger, too: triggers on rows do not see TRUNCATE."""

from django.db import migrations

TABLES = ["rewards_ledgertransaction", "rewards_ledgerentry"]


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
            )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP TRIGGER {table}_not_emptied ON {table}")


class Migration(migrations.Migration):
    dependencies = [("rewards", "0005_ledger_checks")]
    operations = [migrations.RunPython(add, remove)]
