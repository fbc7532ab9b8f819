"""Time zones by the friendly names that Rails has for some of them, as older accounts hold them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

FRIENDLY = {
    "International Date Line West": "Etc/GMT+12", "Midway Island": "Pacific/Midway", "American Samoa": "Pacific/Pago_Pago",
    "Hawaii": "Pacific/Honolulu", "Alaska": "America/Juneau", "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Mountain Time (US & Canada)": "America/Denver", "Arizona": "America/Phoenix",
    "Central Time (US & Canada)": "America/Chicago", "Saskatchewan": "America/Regina", "Guadalajara": "America/Mexico_City",
    "Central America": "America/Guatemala", "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis", "Quito": "America/Lima", "Atlantic Time (Canada)": "America/Halifax",
    "Georgetown": "America/Guyana", "Newfoundland": "America/St_Johns", "Brasilia": "America/Sao_Paulo",
    "Greenland": "America/Nuuk", "Mid-Atlantic": "Atlantic/South_Georgia", "Cape Verde Is.": "Atlantic/Cape_Verde",
    "Edinburgh": "Europe/London", "Bern": "Europe/Zurich", "West Central Africa": "Africa/Algiers",
    "Pretoria": "Africa/Johannesburg", "St. Petersburg": "Europe/Moscow", "Abu Dhabi": "Asia/Muscat",
    "Islamabad": "Asia/Karachi", "Chennai": "Asia/Kolkata", "Mumbai": "Asia/Kolkata", "New Delhi": "Asia/Kolkata",
    "Sri Jayawardenepura": "Asia/Colombo", "Astana": "Asia/Almaty", "Hanoi": "Asia/Bangkok", "Beijing": "Asia/Shanghai",
    "Ulaan Bataar": "Asia/Ulaanbaatar", "Osaka": "Asia/Tokyo", "Sapporo": "Asia/Tokyo", "Wellington": "Pacific/Auckland",
    "Solomon Is.": "Pacific/Guadalcanal", "New Caledonia": "Pacific/Noumea", "Marshall Is.": "Pacific/Majuro",
    "Nuku'alofa": "Pacific/Tongatapu", "Samoa": "Pacific/Apia", "Tokelau Is.": "Pacific/Fakaofo",
    "Chatham Is.": "Pacific/Chatham", "Kyiv": "Europe/Kyiv", "Volgograd": "Europe/Volgograd",
}  # fmt: skip
"""Names that are not the last part of a zone's own. Source: the documentation of ActiveSupport::TimeZone."""


@cache
def _by_city() -> dict[str, str]:
    return {name.rpartition("/")[2].replace("_", " "): name for name in sorted(available_timezones(), reverse=True)}


def instead_of(name: str) -> str:
    """The zone that a name stands for; UTC where nobody knows."""
    return FRIENDLY.get(name) or _by_city().get(name) or "UTC"
