"""Stands in for what Splunk's own Python brings: the base of a persistent REST handler."""


class PersistentServerConnectionApplication:
    """Made once per process by splunkd's application server, which then calls `handle` for each request."""

    def handle(self, in_string):
        """in_string: the request as JSON. Returns a dictionary with status, headers, payload."""
        raise NotImplementedError
