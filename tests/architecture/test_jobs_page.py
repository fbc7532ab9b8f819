"""docs/operators/jobs.md and the code say the same of jobs, both ways, and no job of the reference is left out."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.architecture import written
from tests.architecture.sources import ROOT

WORKERS = [
    "AcceptMembershipWorker",
    "AddGroupIdToDocumentsWorker",
    "AddHeadingIdsWorker",
    "AnnounceDiscussionWorker",
    "AppendTranscriptWorker",
    "AttachDocumentWorker",
    "CloseExpiredPollWorker",
    "ConvertDiscussionTemplatesWorker",
    "ConvertPollStancesInDiscussionWorker",
    "DeactivateUserWorker",
    "DestroyDiscussionWorker",
    "DestroyGroupWorker",
    "DestroyRecordWorker",
    "DestroyTagWorker",
    "DestroyUserWorker",
    "DownloadAttachmentWorker",
    "FixStancesMissingFromThreadsWorker",
    "GenericWorker",
    "GeoLocationWorker",
    "GroupExportCsvWorker",
    "GroupExportWorker",
    "MigrateDiscussionReadersForDeactivatedMembersWorker",
    "MigrateGuestOnDiscussionReadersAndStances",
    "MigratePollTemplatesWorker",
    "MigrateTagsWorker",
    "MigrateUserWorker",
    "MoveCommentsWorker",
    "PublishEventWorker",
    "RedactUserWorker",
    "RemovePollExpiredFromThreadsWorker",
    "RepairThreadWorker",
    "ResetPollStanceDataWorker",
    "RevokeMembershipsOfDeactivatedUsersWorker",
    "SendDailyCatchUpEmailWorker",
    "UndeleteBlobWorker",
    "UpdateBlockedDomainsWorker",
    "UpdatePollCountsWorker",
    "UpdateTagWorker",
]
CALLS = [
    "PollService.expire_lapsed_polls",
    "PollService.publish_closing_soon",
    "PollService.group_members_added",
    "TaskService.send_task_reminders",
    "ReceivedEmailService.route_all",
    "ReceivedEmailService.delete_old_emails",
    "DemoService.generate_demo_groups",
    "DemoService.ensure_queue",
    "DemoService.refill_queue",
    "CleanupService.delete_orphan_records",
    "OutcomeService.publish_review_due",
    "SearchService.reindex_by_author_id",
    "SearchService.reindex_by_discussion_id",
    "SearchService.reindex_by_poll_id",
    "SearchService.reindex_everything",
    "NotificationService.mark_as_read",
    "DiscussionService.mark_as_read_simple_params",
    "DiscussionService.mark_summary_email_as_read",
    "ChatbotService.publish_event!",
    "TranslationService.update_and_broadcast",
    "TagService.update_group_and_org_tags",
    "UserService.reactivate",
    "NewsletterService.subscribe",
    "GroupExportService.import",
    "MigrateGuestsService.migrate!",
    "SubscriptionService.*",
]
NONE = "–"


class Row(NamedTuple):
    """One line of a table of jobs."""

    reference: str
    job: str
    queue: str
    retries: str
    when: str
    why: str


@pytest.fixture(scope="module")
def app():
    return written.app()


@pytest.fixture(scope="module")
def rows():
    lines = (ROOT / "docs/operators/jobs.md").read_text().splitlines()
    found, inside = [], False
    for line in lines:
        inside = line.startswith("| in the reference |") or (inside and line.startswith("|"))
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if inside and len(cells) == len(Row._fields) and not line.startswith(("| in the reference |", "|---")):
            found.append(Row(*cells))
    assert len(found) >= 60
    return found


def test_the_reference_has_as_many_workers_as_we_look_for():
    assert len(WORKERS) == len(set(WORKERS)) == 38


def test_every_worker_and_call_of_the_reference_is_in_the_page(rows):
    named = {name.strip("` ") for row in rows for name in row.reference.split(",")}
    assert sorted({*WORKERS, *CALLS} - named) == []
    assert sorted(named - {*WORKERS, *CALLS, NONE}) == []


def test_every_job_is_in_the_page(app):
    listed = (ROOT / "docs/operators/jobs.md").read_text().partition(written.JOBS_MARK)[2]
    assert app.jobs
    assert [name for name in app.jobs if f"| `{name}` |" not in listed] == [], "run `make docs`"


def test_every_job_of_the_page_exists_as_it_is_described(app, rows):
    wrong = []
    for row in rows:
        if row.job == NONE:
            continue
        job = app.jobs.get(row.job)
        if job is None or (job.queue, str(job.retries)) != (row.queue, row.retries):
            wrong.append((row, job))
    assert wrong == []


def test_what_has_no_job_is_not_needed(rows):
    """Each says why; none waits to be built."""
    assert [row.reference for row in rows if row.job == NONE and (not row.why or "not built" in row.why)] == []


def test_the_page_says_how_often_each_job_comes(app, rows):
    scheduled = {one.job.name: written.often(one.every) for one in app.schedules}
    assert [row for row in rows if row.job != NONE and row.when != scheduled.get(row.job, "on demand")] == []


def test_every_job_says_what_it_does(app):
    assert [name for name, job in app.jobs.items() if not job.summary.endswith(".")] == []


def test_every_line_says_why(rows):
    assert [row for row in rows if len(row.why) < 10] == []
