"""The review over HTTP: pages for people, JSON for programs, the same domain and the same permissions beneath both."""
