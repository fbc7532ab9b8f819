"""The worker: carries outbox rows to the jobs they name, and the schedule that writes some of them."""
