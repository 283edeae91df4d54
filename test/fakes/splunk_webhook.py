"""Does with an alert what Splunk's stock webhook action does, by its documented behaviour; written from facts, not from Splunk's code.

Reads the payload that splunkd gives an alert action (JSON on standard input) and posts it: six keys in a fixed order, ASCII JSON, one POST, no retry,
redirects followed by urllib's own rules, exit code 0 for sent, 2 for an HTTP or connection failure, 3 for anything else.
"""
import json
import sys
import urllib.error
import urllib.request

KEYS = ("sid", "search_name", "app", "owner", "results_link", "result")


def send(payload):
    settings = payload.get("configuration", {})
    body = json.dumps({key: payload.get(key) for key in KEYS}).encode("utf-8")
    headers = {"Content-Type": "application/json", "User-Agent": settings.get("user_agent", "Splunk")}
    print("INFO Sending POST request to url=%s with size=%d bytes payload" % (settings.get("url"), len(body)), file=sys.stderr)
    try:
        request = urllib.request.Request(settings["url"], body, headers)
        with urllib.request.urlopen(request) as answer:
            status = answer.status
        print("INFO Webhook receiver responded with HTTP status=%d" % status, file=sys.stderr)
        return 200 <= status < 300
    except urllib.error.HTTPError as error:
        print("ERROR Error sending webhook request: %s" % error, file=sys.stderr)
    except urllib.error.URLError as error:
        print("ERROR Error sending webhook request: %s" % error, file=sys.stderr)
    return False


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] != "--execute":
        sys.exit(1)
    try:
        sys.exit(0 if send(json.loads(sys.stdin.read())) else 2)
    except Exception as error:  # as the action does: whatever else goes wrong has one exit code
        print("ERROR Unexpected error: %s" % error, file=sys.stderr)
        sys.exit(3)
