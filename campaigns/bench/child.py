"""``python -m campaigns.bench.child JOB SPEC``: runs one job and prints its answer as JSON."""

import json
import os
import sys

import django
from django.utils.module_loading import import_string


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    job, spec = sys.argv[1:]
    answer = import_string(f"campaigns.bench.{job}")(**json.loads(spec))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
