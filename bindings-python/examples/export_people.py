"""Writes the people of a directory to CSV, however many there are, by its REST API (ADAP).

ADAP_TOKEN=… python export_people.py https://radiantone.example:8090/adap ou=People,o=acme --department Finance > people.csv
"""

from __future__ import annotations

import argparse
import csv
import sys

import gatepass
from gatepass import Filter

COLUMNS = ("uid", "cn", "mail", "telephoneNumber")


def main() -> None:
    parser = argparse.ArgumentParser(description="Who is there?")
    parser.add_argument("url")
    parser.add_argument("base", help="the entry that they are below")
    parser.add_argument("--department", help="of this one alone")
    parser.add_argument("--token-file", help="where the token is; in ADAP_TOKEN when not said")
    asked = parser.parse_args()
    credential = gatepass.file(asked.token_file) if asked.token_file else gatepass.env("ADAP_TOKEN")
    people = Filter.equals("objectClass", "person")
    if asked.department:
        people &= Filter.equals("departmentNumber", asked.department) | Filter.equals("ou", asked.department)
    lines = csv.writer(sys.stdout)
    lines.writerow(("dn", *COLUMNS))
    with gatepass.RestClient(asked.url, credential) as rest:
        try:
            for entry in rest.search(asked.base, filter=people, attributes=COLUMNS):
                lines.writerow((entry.dn, *(";".join(entry.attributes.get(name, [])) for name in COLUMNS)))
        except gatepass.IncompleteResult as cut:
            sys.exit(f"this is not all: the server stopped after {cut.count}")


if __name__ == "__main__":
    main()
