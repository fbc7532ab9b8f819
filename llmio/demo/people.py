"""The people of the demo: members of a bakery that belongs to those who work in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Someone of the demo; the address is `<key>@bakery.example`."""

    key: str
    name: str
    time_zone: str
    bio: str
    title: str = ""


PEOPLE = (
    Person("amina", "Amina Diallo", "Europe/Paris", "Keeps the books and asks where the money goes.", "Treasurer"),
    Person("mateo", "Mateo Álvarez", "Europe/Madrid", "Sourdough since 2009.", "Head baker"),
    Person("yuki", "Yuki Tanaka", "Asia/Tokyo", "Pastry, and everything with red bean paste."),
    Person("priya", "Priya Raman", "Asia/Kolkata", "Runs the shop on weekdays.", "Shop"),
    Person("tomasz", "Tomasz Nowak", "Europe/Warsaw", "Drives the van before the town wakes up.", "Deliveries"),
    Person("leilani", "Leilani Kahale", "Pacific/Honolulu", "Helps from afar: our website and the newsletter."),
    Person("segun", "Oluwaseun Adeyemi", "Africa/Lagos", "Facilitates our meetings.", "Facilitator"),
    Person("freja", "Freja Lindqvist", "Europe/Stockholm", "Rye, caraway, cardamom."),
    Person("hamid", "Hamid Rezai", "Europe/Berlin", "Night shift, flat breads, good music."),
    Person("chloe", "Chloé Martin", "Europe/Paris", "New here since spring; learning to laminate."),
    Person("joao", "João Pereira", "Europe/Lisbon", "Repairs what others throw away.", "Maintenance"),
    Person("noa", "Noa Ben-David", "Asia/Jerusalem", "Board member; reads contracts for fun.", "Board"),
)
