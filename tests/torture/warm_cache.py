"""Run by roc-validator's Python: keep JSON-LD contexts in its cache, as if they had been fetched.

warm_cache.py CACHE: the context of RO-Crate 1.1 is the one that rocrate 0.13.0 carries; of the
context of workflow runs only the terms that a crate of ours uses are stated.
"""

import io
import json
import sys
from importlib.resources import files

import requests
import requests_cache
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

RUNS = "https://w3id.org/ro/terms/workflow-run"
TERMS = {"@context": {term: f"{RUNS}#{term}" for term in ("md5", "sha256")}}
CRATE = files("rocrate") / "data/ro-crate.jsonld"
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": CRATE.read_text(),
    f"{RUNS}/context": json.dumps(TERMS),
}
HEADERS = {"Content-Type": "application/ld+json"}

session = requests_cache.CachedSession(sys.argv[1])
for url, text in CONTEXTS.items():
    request = requests.Request("GET", url).prepare()
    content = io.BytesIO(text.encode())
    body = HTTPResponse(content, HEADERS, 200, preload_content=False, request_url=url)
    session.cache.save_response(HTTPAdapter().build_response(request, body))
