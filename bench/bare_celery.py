"""The bare Celery app, as `celery -A bench.bare_celery` finds it."""

from __future__ import annotations

import os

from bench.jobs import bare_app

app = bare_app(os.environ["REDIS_URL"])
