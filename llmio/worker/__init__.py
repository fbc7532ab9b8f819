"""The worker: carries outbox rows to the jobs they name, and the schedule that writes some of them."""

import os

# Celery would write its own name over that of the process, as `ps` shows it. It looks when it is imported.
os.environ.setdefault("NOSETPS", "1")
