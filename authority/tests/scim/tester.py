"""Asks scim2-tester whether a server keeps to SCIM 2.0 (RFC 7643, RFC 7644).

The server's URL is the argument, its token comes on standard input. Prints each finding that is an error and how many checks
there were of each kind; ends with 1 where one is an error, or where too little was checked to say anything.
"""

import collections
import sys

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

# What has to have been looked at, so that a run that looked at nothing is none.
EXPECTED = {"User", "Group"}
LEAST = 120


def main() -> int:
    token = sys.stdin.read().strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=sys.argv[1], headers=headers, timeout=30) as http:
        results = check_server(SyncSCIMClient(http))
    counts = collections.Counter(result.status.name for result in results)
    for result in results:
        if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE):
            print(f"{result.status.name}: {result.resource_type} {result.title}: {result.reason}")
            if result.status in (Status.ERROR, Status.CRITICAL):
                print(f"    {result.data}")
    print(dict(counts))
    looked_at = {result.resource_type for result in results}
    if len(results) < LEAST or not EXPECTED <= looked_at:
        print(f"too little was looked at: {len(results)} checks, of {looked_at}")
        return 1
    return 1 if counts["ERROR"] + counts["CRITICAL"] else 0


sys.exit(main())
